#pragma once

#include <string>
#include <tuple>

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

// Requests of admin tools about a broker itself.

/// Asks for a broker's counters; the answer's body is KVTable, all values as text.
/// (RocketMQ: GET_BROKER_RUNTIME_INFO)
struct GetBrokerRuntimeInfo : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetBrokerRuntimeInfo;
  using Reply = NoFields;
};

/// Which state the settings of the body (properties text) have.
/// (RocketMQ: GetBrokerConfigResponseHeader)
struct GetBrokerConfigReply {
  std::string version;  ///< DataVersion as JSON text.

  static constexpr auto fields() {
    return std::tuple{required("version", &GetBrokerConfigReply::version)};
  }
};

/// Asks for all settings of a broker. (RocketMQ: GET_BROKER_CONFIG)
struct GetBrokerConfig : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetBrokerConfig;
  using Reply = GetBrokerConfigReply;
};

/// Changes settings of a running broker; the body is properties text.
/// (RocketMQ: UPDATE_BROKER_CONFIG)
struct UpdateBrokerConfig : NoFields {
  static constexpr RequestCode kCode = RequestCode::kUpdateBrokerConfig;
  using Reply = NoFields;
};

/// Asks how replication goes; the answer's body is HaStatus. Admin tools of 5.x send it.
/// (RocketMQ: GET_BROKER_HA_STATUS)
struct GetBrokerHaStatus : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetBrokerHaStatus;
  using Reply = NoFields;
};

/// Asks for one of the broker's rates over a minute, an hour and a day; the answer's body is
/// BrokerStatsData. (RocketMQ: ViewBrokerStatsDataRequestHeader)
struct ViewBrokerStatsData {
  static constexpr RequestCode kCode = RequestCode::kViewBrokerStatsData;
  using Reply = NoFields;

  std::string stats_name;  ///< For instance "TOPIC_PUT_NUMS".
  std::string stats_key;   ///< For instance a topic, or "topic@group".

  static constexpr auto fields() {
    return std::tuple{required("statsName", &ViewBrokerStatsData::stats_name),
                      required("statsKey", &ViewBrokerStatsData::stats_key)};
  }
};

}  // namespace rocketmq::remoting

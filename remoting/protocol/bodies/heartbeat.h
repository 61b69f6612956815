#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "common/fields.h"
#include "common/model/consumer_types.h"
#include "common/model/subscription_data.h"

namespace rocketmq::remoting {

/// A producer group that a client belongs to.
struct ProducerData {
  std::string group_name;

  friend bool operator==(const ProducerData&, const ProducerData&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("groupName", &ProducerData::group_name)};
  }
};

/// A consumer group that a client belongs to, with what it subscribes to. C++ clients send the
/// enums as numbers; names nobody knows (UNKNOWN, from Go) leave the defaults.
struct ConsumerData {
  std::string group_name;
  model::ConsumeType consume_type = model::ConsumeType::kPassively;
  model::MessageModel message_model = model::MessageModel::kClustering;
  model::ConsumeFromWhere consume_from_where = model::ConsumeFromWhere::kLastOffset;
  std::vector<model::SubscriptionData> subscription_data_set;
  bool unit_mode = false;

  friend bool operator==(const ConsumerData&, const ConsumerData&) = default;

  static constexpr auto fields() {
    using C = ConsumerData;
    return std::tuple{optional("consumeFromWhere", &C::consume_from_where),
                      optional("consumeType", &C::consume_type),
                      optional("groupName", &C::group_name),
                      optional("messageModel", &C::message_model),
                      optional("subscriptionDataSet", &C::subscription_data_set),
                      optional("unitMode", &C::unit_mode)};
  }
};

/// Body of HEART_BEAT: everything that one client instance is a member of.
struct HeartbeatData {
  std::string client_id;
  std::vector<ProducerData> producer_data_set;
  std::vector<ConsumerData> consumer_data_set;
  /// 5.x; 0 or absent from clients that always send everything. An opaque value.
  std::optional<int32_t> heartbeat_fingerprint = {};
  /// 5.x: subscriptions are left out because they have not changed.
  std::optional<bool> without_sub = {};

  friend bool operator==(const HeartbeatData&, const HeartbeatData&) = default;

  static constexpr auto fields() {
    using H = HeartbeatData;
    return std::tuple{required("clientID", &H::client_id),
                      optional("consumerDataSet", &H::consumer_data_set),
                      optional("heartbeatFingerprint", &H::heartbeat_fingerprint),
                      optional("producerDataSet", &H::producer_data_set),
                      optional("withoutSub", &H::without_sub)};
  }
};

}  // namespace rocketmq::remoting

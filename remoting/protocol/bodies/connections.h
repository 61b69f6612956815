#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "common/fields.h"
#include "common/json/enum_names.h"
#include "common/model/consumer_types.h"
#include "common/model/subscription_data.h"
#include "remoting/protocol/codes.h"

namespace rocketmq::json {

template <>
struct EnumNames<remoting::Language> {
  static constexpr std::array<std::string_view, 14> kNames = {
      "JAVA",  "CPP",  "DOTNET", "PYTHON", "DELPHI", "ERLANG", "RUBY",
      "OTHER", "HTTP", "GO",     "PHP",    "OMS",    "RUST",   "NODE_JS"};
};

}  // namespace rocketmq::json

namespace rocketmq::remoting {

/// One online client as administrators see it (RocketMQ: body.Connection).
struct ConnectionInfo {
  std::string client_addr;  ///< "ip:port"
  std::string client_id;
  Language language = Language::kOther;
  int32_t version = 0;

  friend bool operator==(const ConnectionInfo&, const ConnectionInfo&) = default;

  static constexpr auto fields() {
    using C = ConnectionInfo;
    return std::tuple{optional("clientAddr", &C::client_addr), optional("clientId", &C::client_id),
                      optional("language", &C::language), optional("version", &C::version)};
  }
};

/// Answer to GET_CONSUMER_CONNECTION_LIST: an online group with its members.
struct ConsumerConnection {
  std::vector<ConnectionInfo> connection_set;
  model::ConsumeFromWhere consume_from_where = model::ConsumeFromWhere::kLastOffset;
  model::ConsumeType consume_type = model::ConsumeType::kPassively;
  model::MessageModel message_model = model::MessageModel::kClustering;
  std::map<std::string, model::SubscriptionData> subscription_table;  ///< By topic.

  friend bool operator==(const ConsumerConnection&, const ConsumerConnection&) = default;

  static constexpr auto fields() {
    using C = ConsumerConnection;
    return std::tuple{optional("connectionSet", &C::connection_set),
                      optional("consumeFromWhere", &C::consume_from_where),
                      optional("consumeType", &C::consume_type),
                      optional("messageModel", &C::message_model),
                      optional("subscriptionTable", &C::subscription_table)};
  }
};

/// Answer to GET_PRODUCER_CONNECTION_LIST.
struct ProducerConnection {
  std::vector<ConnectionInfo> connection_set;

  friend bool operator==(const ProducerConnection&, const ProducerConnection&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("connectionSet", &ProducerConnection::connection_set)};
  }
};

/// One online producer.
struct ProducerInfo {
  std::string client_id;
  Language language = Language::kOther;
  int64_t last_update_timestamp = 0;  ///< Milliseconds since 1970.
  std::string remote_ip;              ///< "/ip:port", the way Java prints it.
  int32_t version = 0;

  friend bool operator==(const ProducerInfo&, const ProducerInfo&) = default;

  static constexpr auto fields() {
    using P = ProducerInfo;
    return std::tuple{optional("clientId", &P::client_id), optional("language", &P::language),
                      optional("lastUpdateTimestamp", &P::last_update_timestamp),
                      optional("remoteIP", &P::remote_ip), optional("version", &P::version)};
  }
};

/// Answer to GET_ALL_PRODUCER_INFO (RocketMQ: ProducerTableInfo).
struct ProducerTable {
  std::map<std::string, std::vector<ProducerInfo>> data;  ///< By producer group.

  friend bool operator==(const ProducerTable&, const ProducerTable&) = default;

  static constexpr auto fields() { return std::tuple{optional("data", &ProducerTable::data)}; }
};

}  // namespace rocketmq::remoting

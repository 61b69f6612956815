#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

// From brokers to each of their name servers.

/// Where a slave finds its master; both absent for masters and while no master is known. The body
/// is KVTable with the order settings of topics. (RocketMQ: RegisterBrokerResponseHeader)
struct RegisterBrokerReply {
  std::optional<std::string> ha_server_address{};
  std::optional<std::string> master_address{};
  /// Ours: this name server does what RegisterTopicInNameServer says, or says that it did not.
  std::optional<bool> takes_single_topics{};

  static constexpr auto fields() {
    return std::tuple{optional("haServerAddr", &RegisterBrokerReply::ha_server_address),
                      optional("masterAddr", &RegisterBrokerReply::master_address),
                      optional("takesSingleTopics", &RegisterBrokerReply::takes_single_topics)};
  }
};

/// Announces a broker with its topics, every 30 s and when a topic changes; the body is
/// RegisterBrokerBody, TopicConfigSerializeWrapper from peers before V3_0_11.
/// (RocketMQ: RegisterBrokerRequestHeader)
struct RegisterBroker {
  static constexpr RequestCode kCode = RequestCode::kRegisterBroker;
  using Reply = RegisterBrokerReply;

  std::string broker_name;
  std::string broker_address;  ///< "brokerIP1:listenPort", which clients will dial.
  std::string cluster_name;
  std::string ha_server_address;  ///< "brokerIP2:haListenPort", which slaves will dial.
  int64_t broker_id = 0;          ///< 0: a master.
  std::optional<int64_t> heartbeat_timeout_ms{};  ///< 5.x, as the next.
  std::optional<bool> enable_acting_master{};
  bool compressed = false;  ///< The body is zlib of RocketMQ's own layout.
  int32_t body_crc32 = 0;   ///< Masked CRC of the body as sent; 0: not checked.

  static constexpr auto fields() {
    using C = RegisterBroker;
    return std::tuple{required("brokerName", &C::broker_name),
                      required("brokerAddr", &C::broker_address),
                      required("clusterName", &C::cluster_name),
                      required("haServerAddr", &C::ha_server_address),
                      required("brokerId", &C::broker_id),
                      optional("heartbeatTimeoutMillis", &C::heartbeat_timeout_ms),
                      optional("enableActingMaster", &C::enable_acting_master),
                      optional("compressed", &C::compressed),
                      optional("bodyCrc32", &C::body_crc32)};
  }
};

/// Announces one topic of a broker that is registered; the body is TopicRouteData with the queues
/// that the broker has of it. Neither a sign of life nor a new version of the topics. 4.9 does not
/// answer it, 5.0 leaves a topic that it knows as it is. (RocketMQ: RegisterTopicRequestHeader)
struct RegisterTopicInNameServer {
  static constexpr RequestCode kCode = RequestCode::kRegisterTopicInNameServer;
  using Reply = NoFields;

  std::string topic;

  static constexpr auto fields() {
    return std::tuple{required("topic", &RegisterTopicInNameServer::topic)};
  }
};

/// Takes a broker that is about to stop out of the routes.
/// (RocketMQ: UnRegisterBrokerRequestHeader)
struct UnregisterBroker {
  static constexpr RequestCode kCode = RequestCode::kUnregisterBroker;
  using Reply = NoFields;

  std::string broker_name;
  std::string broker_address;
  std::string cluster_name;
  int64_t broker_id = 0;

  static constexpr auto fields() {
    using C = UnregisterBroker;
    return std::tuple{
        required("brokerName", &C::broker_name), required("brokerAddr", &C::broker_address),
        required("clusterName", &C::cluster_name), required("brokerId", &C::broker_id)};
  }
};

/// Whether the name server has other topics of the broker than it has itself; the body is the
/// DataVersion that the name server knows, none for unknown brokers.
/// (RocketMQ: QueryDataVersionResponseHeader)
struct QueryDataVersionReply {
  bool changed = false;

  static constexpr auto fields() {
    return std::tuple{required("changed", &QueryDataVersionReply::changed)};
  }
};

/// Asks whether a register is needed, and counts as a sign of life if not; the body is the broker's
/// DataVersion. (RocketMQ: QueryDataVersionRequestHeader)
struct QueryDataVersion {
  static constexpr RequestCode kCode = RequestCode::kQueryDataVersion;
  using Reply = QueryDataVersionReply;

  std::string broker_name;
  std::string broker_address;
  std::string cluster_name;
  int64_t broker_id = 0;

  static constexpr auto fields() {
    using C = QueryDataVersion;
    return std::tuple{
        required("brokerName", &C::broker_name), required("brokerAddr", &C::broker_address),
        required("clusterName", &C::cluster_name), required("brokerId", &C::broker_id)};
  }
};

}  // namespace rocketmq::remoting

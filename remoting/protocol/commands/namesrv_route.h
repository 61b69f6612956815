#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

// Questions to a name server about topics, brokers and clusters.

/// Asks which brokers have queues of a topic; the answer's body is TopicRouteData. Every client
/// sends it. (RocketMQ: GetRouteInfoRequestHeader)
struct GetRouteInfoByTopic {
  static constexpr RequestCode kCode = RequestCode::kGetRouteInfoByTopic;
  using Reply = NoFields;

  std::string topic;
  /// True: numbers as keys of objects must be quoted, whatever the peer's version.
  std::optional<bool> accept_standard_json_only{};

  static constexpr auto fields() {
    return std::tuple{
        required("topic", &GetRouteInfoByTopic::topic),
        optional("acceptStandardJsonOnly", &GetRouteInfoByTopic::accept_standard_json_only)};
  }
};

/// Asks for all clusters and brokers; the answer's body is ClusterInfo. Admin tools send it.
/// (RocketMQ: GET_BROKER_CLUSTER_INFO)
struct GetBrokerClusterInfo : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetBrokerClusterInfo;
  using Reply = NoFields;
};

/// Asks for the names of all topics; the answer's body is {"topicList":[...]}. Admin tools send it.
/// (RocketMQ: GET_ALL_TOPIC_LIST_FROM_NAMESERVER)
struct GetAllTopicListFromNameServer : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetAllTopicListFromNameServer;
  using Reply = NoFields;
};

/// Asks for the topics of one cluster; the answer's body is {"topicList":[...]}. Admin tools send
/// it. (RocketMQ: GetTopicsByClusterRequestHeader)
struct GetTopicsByCluster {
  static constexpr RequestCode kCode = RequestCode::kGetTopicsByCluster;
  using Reply = NoFields;

  std::string cluster;

  static constexpr auto fields() {
    return std::tuple{required("cluster", &GetTopicsByCluster::cluster)};
  }
};

/// Asks for the topics that are named like clusters and brokers; the answer's body is
/// {"brokerAddr":...,"topicList":[...]}. Admin tools send it.
/// (RocketMQ: GET_SYSTEM_TOPIC_LIST_FROM_NS)
struct GetSystemTopicListFromNameServer : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetSystemTopicListFromNameServer;
  using Reply = NoFields;
};

/// Asks for the topics of a unit; the answer's body is {"topicList":[...]}. Admin tools send it, as
/// the two below. (RocketMQ: GET_UNIT_TOPIC_LIST)
struct GetUnitTopicList : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetUnitTopicList;
  using Reply = NoFields;
};

/// Asks for the topics that have subscribers in a unit. (RocketMQ: GET_HAS_UNIT_SUB_TOPIC_LIST)
struct GetHasUnitSubTopicList : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetHasUnitSubTopicList;
  using Reply = NoFields;
};

/// Asks for those of them that are no unit topics themselves.
/// (RocketMQ: GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST)
struct GetHasUnitSubUnunitTopicList : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetHasUnitSubUnunitTopicList;
  using Reply = NoFields;
};

/// Makes a name server forget a topic. Admin tools send it.
/// (RocketMQ: DeleteTopicFromNamesrvRequestHeader)
struct DeleteTopicInNameServer {
  static constexpr RequestCode kCode = RequestCode::kDeleteTopicInNameServer;
  using Reply = NoFields;

  std::string topic;
  std::optional<std::string> cluster_name{};  ///< Absent: on all clusters.

  static constexpr auto fields() {
    return std::tuple{required("topic", &DeleteTopicInNameServer::topic),
                      optional("clusterName", &DeleteTopicInNameServer::cluster_name)};
  }
};

/// Of how many topics write permission was taken; 0 for a broker nobody knows.
/// (RocketMQ: WipeWritePermOfBrokerResponseHeader)
struct WipeWritePermOfBrokerReply {
  int32_t wipe_topic_count = 0;

  static constexpr auto fields() {
    return std::tuple{required("wipeTopicCount", &WipeWritePermOfBrokerReply::wipe_topic_count)};
  }
};

/// Takes write permission from all queues of a broker, until it registers changed topics. Admin
/// tools send it before a broker is stopped. (RocketMQ: WipeWritePermOfBrokerRequestHeader)
struct WipeWritePermOfBroker {
  static constexpr RequestCode kCode = RequestCode::kWipeWritePermOfBroker;
  using Reply = WipeWritePermOfBrokerReply;

  std::string broker_name;

  static constexpr auto fields() {
    return std::tuple{required("brokerName", &WipeWritePermOfBroker::broker_name)};
  }
};

/// To how many topics write permission was given; 0 for a broker nobody knows.
/// (RocketMQ: AddWritePermOfBrokerResponseHeader)
struct AddWritePermOfBrokerReply {
  int32_t add_topic_count = 0;

  static constexpr auto fields() {
    return std::tuple{required("addTopicCount", &AddWritePermOfBrokerReply::add_topic_count)};
  }
};

/// Gives read and write permission to all queues of a broker. Admin tools send it.
/// (RocketMQ: AddWritePermOfBrokerRequestHeader)
struct AddWritePermOfBroker {
  static constexpr RequestCode kCode = RequestCode::kAddWritePermOfBroker;
  using Reply = AddWritePermOfBrokerReply;

  std::string broker_name;

  static constexpr auto fields() {
    return std::tuple{required("brokerName", &AddWritePermOfBroker::broker_name)};
  }
};

}  // namespace rocketmq::remoting

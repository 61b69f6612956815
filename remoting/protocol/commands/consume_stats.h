#pragma once

#include <optional>
#include <string>
#include <tuple>

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

// How far groups are, and who is connected. Admin tools send these, unless said.

/// Asks for the members of a consumer group; the answer's body is ConsumerConnection.
/// (RocketMQ: GetConsumerConnectionListRequestHeader)
struct GetConsumerConnectionList {
  static constexpr RequestCode kCode = RequestCode::kGetConsumerConnectionList;
  using Reply = NoFields;

  std::string consumer_group;

  static constexpr auto fields() {
    return std::tuple{required("consumerGroup", &GetConsumerConnectionList::consumer_group)};
  }
};

/// Asks for the members of a producer group; the answer's body is {"connectionSet":[...]}.
/// (RocketMQ: GetProducerConnectionListRequestHeader)
struct GetProducerConnectionList {
  static constexpr RequestCode kCode = RequestCode::kGetProducerConnectionList;
  using Reply = NoFields;

  std::string producer_group;

  static constexpr auto fields() {
    return std::tuple{required("producerGroup", &GetProducerConnectionList::producer_group)};
  }
};

/// Asks for all producers of a broker by group; the answer's body is ProducerTableInfo.
/// (RocketMQ: GetAllProducerInfoRequestHeader)
struct GetAllProducerInfo : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetAllProducerInfo;
  using Reply = NoFields;
};

/// Asks for a group's offsets next to those of its queues; the answer's body is ConsumeStats.
/// (RocketMQ: GetConsumeStatsRequestHeader)
struct GetConsumeStats {
  static constexpr RequestCode kCode = RequestCode::kGetConsumeStats;
  using Reply = NoFields;

  std::string consumer_group;
  std::optional<std::string> topic{};       ///< Blank or absent: all topics of the group.
  std::optional<std::string> topic_list{};  ///< Several, with ';' between them (5.x).

  static constexpr auto fields() {
    return std::tuple{required("consumerGroup", &GetConsumeStats::consumer_group),
                      optional("topic", &GetConsumeStats::topic),
                      optional("topicList", &GetConsumeStats::topic_list)};
  }
};

/// Asks for the same of all groups of a broker; the answer's body is ConsumeStatsList.
/// (RocketMQ: GetConsumeStatsInBrokerHeader)
struct GetBrokerConsumeStats {
  static constexpr RequestCode kCode = RequestCode::kGetBrokerConsumeStats;
  using Reply = NoFields;

  bool is_order = false;  ///< Only topics whose `order` is this.

  static constexpr auto fields() {
    return std::tuple{required("isOrder", &GetBrokerConsumeStats::is_order)};
  }
};

/// Asks for the store times between which a group's unread messages lie; the answer's body is
/// {"consumeTimeSpanSet":[...]}. (RocketMQ: QueryConsumeTimeSpanRequestHeader)
struct QueryConsumeTimeSpan {
  static constexpr RequestCode kCode = RequestCode::kQueryConsumeTimeSpan;
  using Reply = NoFields;

  std::string topic;
  std::string group;

  static constexpr auto fields() {
    return std::tuple{required("topic", &QueryConsumeTimeSpan::topic),
                      required("group", &QueryConsumeTimeSpan::group)};
  }
};

/// Asks where groups are ahead of another one in a topic; the answer's body is
/// {"correctionOffsets":{queueId:offset}}. Old clients send it.
/// (RocketMQ: QueryCorrectionOffsetHeader)
struct QueryCorrectionOffset {
  static constexpr RequestCode kCode = RequestCode::kQueryCorrectionOffset;
  using Reply = NoFields;

  std::optional<std::string> filter_groups{};  ///< Comma-joined.
  std::string compare_group;
  std::string topic;

  static constexpr auto fields() {
    return std::tuple{optional("filterGroups", &QueryCorrectionOffset::filter_groups),
                      required("compareGroup", &QueryCorrectionOffset::compare_group),
                      required("topic", &QueryCorrectionOffset::topic)};
  }
};

}  // namespace rocketmq::remoting

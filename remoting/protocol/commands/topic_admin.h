#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

/// Creates a topic or changes its settings. Admin tools and clients' createTopic send it.
/// (RocketMQ: CreateTopicRequestHeader)
struct UpdateAndCreateTopic {
  static constexpr RequestCode kCode = RequestCode::kUpdateAndCreateTopic;
  using Reply = NoFields;

  std::string topic;
  std::string default_topic;  ///< Not used by brokers.
  int32_t read_queue_nums = 0;
  int32_t write_queue_nums = 0;
  int32_t perm = 0;
  std::string topic_filter_type;  ///< "SINGLE_TAG" or "MULTI_TAG".
  std::optional<int32_t> topic_sys_flag{};
  /// Required in RocketMQ's class, but its brokers take an absent field for false.
  bool order = false;
  std::optional<std::string> attributes{};  ///< "+key=value,-key" (5.x).
  std::optional<bool> force{};              ///< 5.x.

  static constexpr auto fields() {
    using C = UpdateAndCreateTopic;
    return std::tuple{required("topic", &C::topic),
                      required("defaultTopic", &C::default_topic),
                      required("readQueueNums", &C::read_queue_nums),
                      required("writeQueueNums", &C::write_queue_nums),
                      required("perm", &C::perm),
                      required("topicFilterType", &C::topic_filter_type),
                      optional("topicSysFlag", &C::topic_sys_flag),
                      optional("order", &C::order),
                      optional("attributes", &C::attributes),
                      optional("force", &C::force)};
  }
};

/// Creates or changes many topics; the body is {"topicConfigList":[...]}. Admin tools of 5.x send
/// it. (RocketMQ: CreateTopicListRequestHeader)
struct UpdateAndCreateTopicList : NoFields {
  static constexpr RequestCode kCode = RequestCode::kUpdateAndCreateTopicList;
  using Reply = NoFields;
};

/// Deletes a topic with its queues and offsets from a broker. Admin tools send it.
/// (RocketMQ: DeleteTopicRequestHeader)
struct DeleteTopicInBroker {
  static constexpr RequestCode kCode = RequestCode::kDeleteTopicInBroker;
  using Reply = NoFields;

  std::string topic;

  static constexpr auto fields() {
    return std::tuple{required("topic", &DeleteTopicInBroker::topic)};
  }
};

/// Asks for all topics of a broker; the answer's body is TopicConfigSerializeWrapper. Admin tools
/// and slaves send it. (RocketMQ: GET_ALL_TOPIC_CONFIG)
struct GetAllTopicConfig : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetAllTopicConfig;
  using Reply = NoFields;
};

/// Asks for one topic; the answer's body is TopicConfig. Admin tools of 5.x send it.
/// (RocketMQ: GetTopicConfigRequestHeader)
struct GetTopicConfig {
  static constexpr RequestCode kCode = RequestCode::kGetTopicConfig;
  using Reply = NoFields;

  std::string topic;
  std::optional<bool> logical{};  ///< The topic is a static one.

  static constexpr auto fields() {
    return std::tuple{required("topic", &GetTopicConfig::topic),
                      optional("lo", &GetTopicConfig::logical)};
  }
};

/// Asks for the offsets of a topic's queues; the answer's body is TopicStatsTable. Admin tools send
/// it. (RocketMQ: GetTopicStatsInfoRequestHeader)
struct GetTopicStatsInfo {
  static constexpr RequestCode kCode = RequestCode::kGetTopicStatsInfo;
  using Reply = NoFields;

  std::string topic;

  static constexpr auto fields() {
    return std::tuple{required("topic", &GetTopicStatsInfo::topic)};
  }
};

/// Asks which groups consume a topic; the answer's body is {"groupList":[...]}. Admin tools send
/// it. (RocketMQ: QueryTopicConsumeByWhoRequestHeader)
struct QueryTopicConsumeByWho {
  static constexpr RequestCode kCode = RequestCode::kQueryTopicConsumeByWho;
  using Reply = NoFields;

  std::string topic;

  static constexpr auto fields() {
    return std::tuple{required("topic", &QueryTopicConsumeByWho::topic)};
  }
};

/// Asks for the topics that a broker keeps for itself; the answer's body is {"topicList":[...]}.
/// Admin tools send it. (RocketMQ: GET_SYSTEM_TOPIC_LIST_FROM_BROKER)
struct GetSystemTopicListFromBroker : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetSystemTopicListFromBroker;
  using Reply = NoFields;
};

/// Removes queues of topics that no longer exist. Admin tools send it.
/// (RocketMQ: CLEAN_UNUSED_TOPIC)
struct CleanUnusedTopic : NoFields {
  static constexpr RequestCode kCode = RequestCode::kCleanUnusedTopic;
  using Reply = NoFields;
};

/// Removes queue files whose messages have expired. Admin tools send it.
/// (RocketMQ: CLEAN_EXPIRED_CONSUMEQUEUE)
struct CleanExpiredConsumeQueue : NoFields {
  static constexpr RequestCode kCode = RequestCode::kCleanExpiredConsumeQueue;
  using Reply = NoFields;
};

/// Removes expired commit-log files now instead of at the set hour. Admin tools send it.
/// (RocketMQ: DELETE_EXPIRED_COMMITLOG)
struct DeleteExpiredCommitLog : NoFields {
  static constexpr RequestCode kCode = RequestCode::kDeleteExpiredCommitLog;
  using Reply = NoFields;
};

}  // namespace rocketmq::remoting

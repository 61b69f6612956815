#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

/// One queue offset: the answer to every request of this file that asks for a position.
struct OffsetReply {
  int64_t offset = 0;

  static constexpr auto fields() { return std::tuple{required("offset", &OffsetReply::offset)}; }
};

using QueryConsumerOffsetReply = OffsetReply;
using SearchOffsetByTimestampReply = OffsetReply;
using GetMaxOffsetReply = OffsetReply;
using GetMinOffsetReply = OffsetReply;

/// Asks for the offset that a group has committed in a queue. Consumers send it when they start
/// on a queue; QUERY_NOT_FOUND means "none stored". (RocketMQ: QueryConsumerOffsetRequestHeader)
struct QueryConsumerOffset {
  static constexpr RequestCode kCode = RequestCode::kQueryConsumerOffset;
  using Reply = QueryConsumerOffsetReply;

  std::string consumer_group;
  std::string topic;
  int32_t queue_id = 0;
  /// Absent means true. False asks for QUERY_NOT_FOUND where a young queue would answer 0 (5.x).
  std::optional<bool> set_zero_if_not_found{};

  static constexpr auto fields() {
    using C = QueryConsumerOffset;
    return std::tuple{required("consumerGroup", &C::consumer_group), required("topic", &C::topic),
                      required("queueId", &C::queue_id),
                      optional("setZeroIfNotFound", &C::set_zero_if_not_found)};
  }
};

/// Commits a group's offset in a queue. Consumers send it every few seconds and when they stop,
/// one-way or not; some send -1, which is no position. (RocketMQ:
/// UpdateConsumerOffsetRequestHeader)
struct UpdateConsumerOffset {
  static constexpr RequestCode kCode = RequestCode::kUpdateConsumerOffset;
  using Reply = NoFields;

  std::string consumer_group;
  std::string topic;
  int32_t queue_id = 0;
  int64_t commit_offset = 0;

  static constexpr auto fields() {
    using C = UpdateConsumerOffset;
    return std::tuple{required("consumerGroup", &C::consumer_group), required("topic", &C::topic),
                      required("queueId", &C::queue_id),
                      required("commitOffset", &C::commit_offset)};
  }
};

/// Asks for the offset of the message that was stored at a time. Consumers that start from a
/// timestamp and admin tools send it. (RocketMQ: SearchOffsetRequestHeader)
struct SearchOffsetByTimestamp {
  static constexpr RequestCode kCode = RequestCode::kSearchOffsetByTimestamp;
  using Reply = SearchOffsetByTimestampReply;

  std::string topic;
  int32_t queue_id = 0;
  int64_t timestamp_ms = 0;
  /// "LOWER" or "UPPER" in any case; absent means lower (5.x).
  std::optional<std::string> boundary_type{};

  static constexpr auto fields() {
    using C = SearchOffsetByTimestamp;
    return std::tuple{required("topic", &C::topic), required("queueId", &C::queue_id),
                      required("timestamp", &C::timestamp_ms),
                      optional("boundaryType", &C::boundary_type)};
  }
};

/// Asks the master of a queue for the offset one past its last message; 0 for queues nobody knows.
/// Consumers and admin tools send it. (RocketMQ: GetMaxOffsetRequestHeader)
struct GetMaxOffset {
  static constexpr RequestCode kCode = RequestCode::kGetMaxOffset;
  using Reply = GetMaxOffsetReply;

  std::string topic;
  int32_t queue_id = 0;
  /// Absent means true. False also counts messages that consumers cannot see yet (5.x).
  std::optional<bool> committed{};

  static constexpr auto fields() {
    return std::tuple{required("topic", &GetMaxOffset::topic),
                      required("queueId", &GetMaxOffset::queue_id),
                      optional("committed", &GetMaxOffset::committed)};
  }
};

/// Asks for the offset of the oldest message that a queue still has; 0 for queues nobody knows.
/// Pull consumers and admin tools send it. (RocketMQ: GetMinOffsetRequestHeader)
struct GetMinOffset {
  static constexpr RequestCode kCode = RequestCode::kGetMinOffset;
  using Reply = GetMinOffsetReply;

  std::string topic;
  int32_t queue_id = 0;

  static constexpr auto fields() {
    return std::tuple{required("topic", &GetMinOffset::topic),
                      required("queueId", &GetMinOffset::queue_id)};
  }
};

/// The store time of a queue's oldest message, -1 when it has none.
/// (RocketMQ: GetEarliestMsgStoretimeResponseHeader)
struct GetEarliestMessageStoreTimeReply {
  int64_t timestamp_ms = 0;

  static constexpr auto fields() {
    return std::tuple{required("timestamp", &GetEarliestMessageStoreTimeReply::timestamp_ms)};
  }
};

/// Asks when the oldest message of a queue was stored. Admin tools send it.
/// (RocketMQ: GetEarliestMsgStoretimeRequestHeader)
struct GetEarliestMessageStoreTime {
  static constexpr RequestCode kCode = RequestCode::kGetEarliestMessageStoreTime;
  using Reply = GetEarliestMessageStoreTimeReply;

  std::string topic;
  int32_t queue_id = 0;

  static constexpr auto fields() {
    return std::tuple{required("topic", &GetEarliestMessageStoreTime::topic),
                      required("queueId", &GetEarliestMessageStoreTime::queue_id)};
  }
};

}  // namespace rocketmq::remoting

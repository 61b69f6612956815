#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

/// How far the key index reaches; zeros where there is none. The body is the stored messages back
/// to back. (RocketMQ: QueryMessageResponseHeader)
struct QueryMessageReply {
  int64_t index_last_update_ms = 0;
  int64_t index_last_update_offset = 0;  ///< In the commit log.

  static constexpr auto fields() {
    return std::tuple{
        required("indexLastUpdateTimestamp", &QueryMessageReply::index_last_update_ms),
        required("indexLastUpdatePhyoffset", &QueryMessageReply::index_last_update_offset)};
  }
};

/// Asks for messages by key or by the client's message id. Admin tools and clients send it.
/// (RocketMQ: QueryMessageRequestHeader)
struct QueryMessage {
  static constexpr RequestCode kCode = RequestCode::kQueryMessage;
  using Reply = QueryMessageReply;

  std::string topic;
  std::string key;
  int32_t max_messages = 0;
  int64_t begin_ms = 0;
  int64_t end_ms = 0;
  /// True: `key` is a client's message id (UNIQ_KEY) and max_messages is the broker's choice.
  std::optional<bool> unique_key{};

  static constexpr auto fields() {
    using C = QueryMessage;
    return std::tuple{
        required("topic", &C::topic),         required("key", &C::key),
        required("maxNum", &C::max_messages), required("beginTimestamp", &C::begin_ms),
        required("endTimestamp", &C::end_ms), optional("_UNIQUE_KEY_QUERY", &C::unique_key)};
  }
};

/// Asks for the one message at a place of the commit log, which offsetMsgId names; the answer's
/// body is that message. Admin tools and clients send it. (RocketMQ: ViewMessageRequestHeader)
struct ViewMessageById {
  static constexpr RequestCode kCode = RequestCode::kViewMessageById;
  using Reply = NoFields;

  std::optional<std::string> topic{};  ///< 5.x.
  int64_t offset = 0;

  static constexpr auto fields() {
    return std::tuple{optional("topic", &ViewMessageById::topic),
                      required("offset", &ViewMessageById::offset)};
  }
};

/// Asks for index entries of a queue as they are on disk; the answer's body is
/// QueryConsumeQueueResponseBody. Admin tools send it. (RocketMQ: QueryConsumeQueueRequestHeader)
struct QueryConsumeQueue {
  static constexpr RequestCode kCode = RequestCode::kQueryConsumeQueue;
  using Reply = NoFields;

  std::string topic;
  int32_t queue_id = 0;
  int64_t index = 0;  ///< The first entry wanted.
  int32_t count = 0;
  std::optional<std::string> consumer_group{};  ///< Whose filter is evaluated on each entry.

  static constexpr auto fields() {
    using C = QueryConsumeQueue;
    return std::tuple{optional("topic", &C::topic), optional("queueId", &C::queue_id),
                      optional("index", &C::index), optional("count", &C::count),
                      optional("consumerGroup", &C::consumer_group)};
  }
};

}  // namespace rocketmq::remoting

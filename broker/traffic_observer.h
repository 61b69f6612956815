#pragma once

#include <cstdint>
#include <string_view>

namespace rocketmq::broker {

/// What a message is to its topic (RocketMQ: TopicMessageType).
enum class MessageType : uint8_t { kNormal, kFifo, kDelay, kTransaction };

/// Told about every message that goes in or out, for statistics and metrics. The default does
/// nothing. Threads: any, on the message path: implementations count and return.
class TrafficObserver {
 public:
  virtual ~TrafficObserver() = default;

  /// Messages stored for a client. `topic` and `queue_id` are what the client asked for, also for
  /// delayed messages.
  struct Put {
    std::string_view topic;
    int32_t queue_id = 0;
    MessageType type = MessageType::kNormal;
    int32_t messages = 0;
    int64_t bytes = 0;        ///< Whole records.
    int64_t duration_us = 0;  ///< Of storing them.
  };
  virtual void onPut(const Put& /*put*/) {}

  /// Messages handed to a group by a pull.
  struct Get {
    std::string_view group;
    std::string_view topic;
    int32_t queue_id = 0;
    int32_t messages = 0;
    int64_t bytes = 0;
    int64_t next_offset = 0;  ///< The one after the last message.
    int64_t duration_us = 0;  ///< Of reading them.
  };
  virtual void onGet(const Get& /*get*/) {}

  /// A message that a group could not consume came back. `topic` is the one it was pulled from.
  virtual void onSendBack(std::string_view /*group*/, std::string_view /*topic*/) {}

  /// A message went to a group's dead-letter topic.
  virtual void onDeadLetter(std::string_view /*group*/, std::string_view /*topic*/) {}

  /// A producer has ended a transaction; `topic` is the one its message is for.
  virtual void onTransactionEnd(std::string_view /*topic*/, bool /*is_commit*/) {}
};

}  // namespace rocketmq::broker

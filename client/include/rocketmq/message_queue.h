#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace rocketmq {

/// One queue of a topic on one broker.
struct MessageQueue {
  std::string topic;
  std::string broker_name;
  int32_t queue_id = 0;

  /// "MessageQueue [topic=T, brokerName=B, queueId=0]", as RocketMQ prints it.
  std::string toString() const;

  auto operator<=>(const MessageQueue&) const = default;
};

}  // namespace rocketmq

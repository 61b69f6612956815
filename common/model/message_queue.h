#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <tuple>

#include "common/fields.h"

namespace rocketmq::model {

/// One queue of a topic on one broker. Sorts by topic, broker name, queue id, which is the order
/// that every client must see alike when it shares queues out.
struct MessageQueue {
  std::string topic;
  std::string broker_name;
  int32_t queue_id = 0;

  friend auto operator<=>(const MessageQueue&, const MessageQueue&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("brokerName", &MessageQueue::broker_name),
                      optional("queueId", &MessageQueue::queue_id),
                      optional("topic", &MessageQueue::topic)};
  }
};

}  // namespace rocketmq::model

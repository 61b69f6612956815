#pragma once

#include "common/model/message_queue.h"
#include "rocketmq/message_queue.h"

namespace rocketmq::client {

// The public type knows nothing of JSON, the model's does.

inline model::MessageQueue toModel(const MessageQueue& queue) {
  return {queue.topic, queue.broker_name, queue.queue_id};
}

inline MessageQueue fromModel(const model::MessageQueue& queue) {
  return {queue.topic, queue.broker_name, queue.queue_id};
}

}  // namespace rocketmq::client

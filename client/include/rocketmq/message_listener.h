#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "rocketmq/message.h"

namespace rocketmq {

/// What a concurrent listener says of its messages.
enum class ConsumeConcurrentlyStatus {
  kConsumeSuccess,  ///< All of them are consumed, or those up to ack_index.
  kReconsumeLater,  ///< None of them; they go back to the broker.
};

/// What a concurrent listener may say besides success or failure.
struct ConsumeConcurrentlyContext {
  const MessageQueue& message_queue;
  /// For messages to be consumed again: 0 = the broker decides (longer with each time), < 0 = dead
  /// letters at once, > 0 = this delay level.
  int32_t delay_level_when_next_consume = 0;
  /// Messages up to this index count as consumed; the rest is consumed again.
  int32_t ack_index = INT32_MAX;
};

/// Called on a pool thread with 1 to consume_message_batch_max_size messages of one queue; several
/// calls run at the same time. An exception counts as kReconsumeLater.
using MessageListenerConcurrently = std::function<ConsumeConcurrentlyStatus(
    const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext& context)>;

/// What an orderly listener says of its messages.
enum class ConsumeOrderlyStatus {
  kSuccess,                     ///< The queue goes on behind them.
  kSuspendCurrentQueueAMoment,  ///< The queue rests, then they come again.
};

/// What an orderly listener may say besides success or failure.
struct ConsumeOrderlyContext {
  const MessageQueue& message_queue;
  /// How long to wait after kSuspendCurrentQueueAMoment; -1 = the consumer's setting.
  int64_t suspend_current_queue_time_millis = -1;
};

/// Called with messages of one queue in order, never twice at the same time for one queue, in the
/// whole group. An exception counts as kSuspendCurrentQueueAMoment.
using MessageListenerOrderly = std::function<ConsumeOrderlyStatus(
    const std::vector<MessageExt>& messages, ConsumeOrderlyContext& context)>;

}  // namespace rocketmq

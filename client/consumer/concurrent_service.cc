#include "client/consumer/concurrent_service.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "client/instance/name_space.h"
#include "client/message_ext_builder.h"
#include "client/trace/consume_trace.h"
#include "common/log.h"
#include "common/log_limiter.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kConsumeAgainDelay{5000};
// Less than other members are held back (push_rebalance.cc).
constexpr milliseconds kListenersOutMax{2000};
// RocketMQ parity: what a stuck listener holds is sent back with this level, at most so many
// messages of a queue at a time.
constexpr int32_t kExpiredDelayLevel = 3;
constexpr size_t kExpiredPerCheck = 16;

}  // namespace

BatchVerdict judge(ConsumeConcurrentlyStatus status, int32_t ack_index, size_t batch_size) {
  if (status == ConsumeConcurrentlyStatus::kReconsumeLater) {
    return {-1};
  }
  const auto last = static_cast<int64_t>(batch_size) - 1;
  return {std::clamp<int64_t>(ack_index, -1, last)};
}

/// A batch of which some messages are on their way back to the broker.
struct ConcurrentService::GivingBack {
  QueuePtr queue;
  ConsumeBatchPtr batch;
  size_t first = 0;  // Messages before this one were consumed.
  std::atomic<size_t> outstanding{0};
  std::unique_ptr<std::atomic<bool>[]> taken;  // By index; true: a broker has the message.
};

ConcurrentService::ConcurrentService(PushContext& context, MessageListenerConcurrently listener)
    : context_(context),
      listener_(std::move(listener)),
      send_back_(context),
      workers_("rmq-listener",
               static_cast<size_t>(std::max(context.config.consume_thread_max, 1))) {}

std::shared_ptr<ProcessQueue> ConcurrentService::makeQueue(const MessageQueue& queue) const {
  return std::make_shared<ConcurrentProcessQueue>(queue);
}

void ConcurrentService::consume(const std::shared_ptr<ProcessQueue>& queue,
                                std::vector<MessageExt> messages) {
  const auto concurrent = std::static_pointer_cast<ConcurrentProcessQueue>(queue);
  const auto batch_max =
      static_cast<size_t>(std::max(context_.config.consume_message_batch_max_size, 1));
  post(concurrent, concurrent->add(std::move(messages), batch_max).size());
}

void ConcurrentService::post(const QueuePtr& queue, size_t count) {
  std::vector<WorkerPool::Task> tasks;
  tasks.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    tasks.emplace_back([this, queue] { run(queue); });
  }
  workers_.post(std::move(tasks));
}

bool ConcurrentService::release(const std::shared_ptr<ProcessQueue>& queue) {
  if (stopped_.load()) {
    // Offsets are stored for the last time: what is still under way has no effect.
    return std::static_pointer_cast<ConcurrentProcessQueue>(queue)->releaseNow();
  }
  if (queue->releaseIfIdle()) {
    return true;
  }
  context_.timers.after(
      kListenersOutMax, [this, queue = std::static_pointer_cast<ConcurrentProcessQueue>(queue)] {
        if (queue->releaseNow()) {
          log::warn("{} is given up while listeners are running: their messages are repeated",
                    queue->queue().toString());
          context_.on_released(queue);
        }
      });
  return false;
}

void ConcurrentService::leave(const QueuePtr& queue) {
  queue->leave();
  if (queue->dropped() && queue->releaseIfIdle()) {
    context_.on_released(queue);
  }
}

void ConcurrentService::run(const QueuePtr& queue) {
  const InListener in_listener(*queue);
  const ConsumeBatchPtr batch = queue->take();
  if (batch == nullptr) {
    return;
  }
  for (MessageExt& message : batch->messages) {
    prepareForListener(context_, message);
  }
  const int64_t start_ms = context_.uptimeMs();
  batch->started_ms.store(start_ms);
  MessageQueue shown = queue->queue();
  shown.topic = withoutNamespace(context_.config.name_space, shown.topic);
  ConsumeConcurrentlyContext consume_context{.message_queue = shown};
  const ConsumeTrace trace(context_.trace.get(), context_.config.consumer_group, batch->messages);
  std::string failure;
  const ConsumeConcurrentlyStatus status = callListener(batch->messages, consume_context, failure);
  trace.end(status == ConsumeConcurrentlyStatus::kConsumeSuccess,
            returnOf(status, failure, context_.uptimeMs() - start_ms));
  queue->last_consume_ms.store(context_.uptimeMs());

  const BatchVerdict verdict = judge(status, consume_context.ack_index, batch->messages.size());
  const auto consumed = static_cast<size_t>(verdict.last_consumed + 1);
  context_.stats.countConsumed(queue->queue().topic, static_cast<int64_t>(consumed),
                               static_cast<int64_t>(batch->messages.size() - consumed),
                               context_.uptimeMs() - start_ms);
  if (queue->moved()) {
    leave(queue);
  } else {
    settle(queue, batch, consumed, consume_context.delay_level_when_next_consume);
  }
}

// RocketMQ parity: a listener that took too long counts as that, whatever it returned.
ConsumeReturn ConcurrentService::returnOf(ConsumeConcurrentlyStatus status,
                                          const std::string& failure, int64_t cost_ms) const {
  if (!failure.empty()) {
    return ConsumeReturn::kException;
  }
  if (cost_ms >= milliseconds(context_.config.consume_timeout).count()) {
    return ConsumeReturn::kTimeOut;
  }
  return status == ConsumeConcurrentlyStatus::kConsumeSuccess ? ConsumeReturn::kSuccess
                                                              : ConsumeReturn::kFailed;
}

ConsumeConcurrentlyStatus ConcurrentService::callListener(const std::vector<MessageExt>& messages,
                                                          ConsumeConcurrentlyContext& context,
                                                          std::string& failure) const {
  std::string what = "something that is no std::exception";
  try {
    return listener_(messages, context);
  } catch (const std::exception& exception) {
    what = exception.what();
  } catch (...) {
  }
  static LogLimiter limiter;
  limiter.warn("the listener of group {} threw, message {} and its batch are consumed again: {}",
               context_.group, messages.front().msgId(), what);
  failure = what;
  return ConsumeConcurrentlyStatus::kReconsumeLater;
}

void ConcurrentService::settle(const QueuePtr& queue, const ConsumeBatchPtr& batch, size_t consumed,
                               int32_t delay_level) {
  if (consumed == batch->messages.size()) {
    commit(queue, queue->remove(*batch, [](size_t) { return true; }));
    leave(queue);
    return;
  }
  if (context_.isBroadcasting()) {
    // Nobody keeps a broadcast message for one consumer that failed.
    for (size_t i = consumed; i < batch->messages.size(); ++i) {
      static LogLimiter limiter;
      limiter.warn("BROADCASTING, the message consume failed, drop it, message {} of {}",
                   batch->messages[i].msgId(), queue->queue().toString());
    }
    commit(queue, queue->remove(*batch, [](size_t) { return true; }));
    leave(queue);
    return;
  }
  giveBackRest(queue, batch, consumed, delay_level);
}

void ConcurrentService::giveBackRest(const QueuePtr& queue, const ConsumeBatchPtr& batch,
                                     size_t first, int32_t delay_level) {
  auto giving = std::make_shared<GivingBack>();
  giving->queue = queue;
  giving->batch = batch;
  giving->first = first;
  giving->outstanding = batch->messages.size() - first;
  giving->taken = std::make_unique<std::atomic<bool>[]>(batch->messages.size());
  for (size_t i = first; i < batch->messages.size(); ++i) {
    const auto done = [this, giving, i](bool taken) {
      giving->taken[i].store(taken);
      if (giving->outstanding.fetch_sub(1) == 1) {
        takeGivenBack(*giving);
      }
    };
    if (queue->contains(batch->messages[i].queueOffset())) {
      send_back_.giveBack(batch->messages[i], delay_level, done);
    } else {
      done(true);  // It went back before, when its listener took too long.
    }
  }
}

void ConcurrentService::takeGivenBack(const GivingBack& giving) {
  const auto isDone = [&giving](size_t i) { return i < giving.first || giving.taken[i].load(); };
  const int64_t offset = giving.queue->remove(*giving.batch, isDone);
  auto again = std::make_shared<ConsumeBatch>();
  for (size_t i = 0; i < giving.batch->messages.size(); ++i) {
    if (!isDone(i)) {
      // A copy: the old batch may be in use by a check for stuck listeners.
      MessageExt message = giving.batch->messages[i];
      MessageExtBuilder::setReconsumeTimes(message, message.reconsumeTimes() + 1);
      again->messages.push_back(std::move(message));
    }
  }
  commit(giving.queue, offset);
  if (!again->messages.empty()) {
    consumeAgainLater(giving.queue, std::move(again));
  }
  leave(giving.queue);
}

void ConcurrentService::consumeAgainLater(const QueuePtr& queue, ConsumeBatchPtr again) {
  queue->replace(again);
  context_.timers.after(kConsumeAgainDelay, [this, queue, again = std::move(again)] {
    queue->requeue(again);
    post(queue, 1);
  });
}

void ConcurrentService::commit(const QueuePtr& queue, int64_t offset) {
  // Also of a queue that was given up meanwhile: nobody else gets it before it is released.
  queue->whileOurs([&] { context_.offsets->update(queue->queue(), offset, true); });
  if (!queue->dropped()) {
    context_.on_progress(queue);
  }
}

void ConcurrentService::consumeDirectly(
    MessageExt message, std::function<void(remoting::ConsumeMessageDirectlyResult)> done) {
  workers_.post([this, message = std::move(message), done = std::move(done)]() mutable {
    prepareForListener(context_, message);
    const MessageQueue queue{message.topic(), message.brokerName(), message.queueId()};
    ConsumeConcurrentlyContext consume_context{.message_queue = queue};
    remoting::ConsumeMessageDirectlyResult result;
    const int64_t start_ms = context_.uptimeMs();
    std::string failure;
    std::vector<MessageExt> messages;
    messages.push_back(std::move(message));
    const ConsumeConcurrentlyStatus status = callListener(messages, consume_context, failure);
    result.spent_time_ms = context_.uptimeMs() - start_ms;
    if (!failure.empty()) {
      result.consume_result = remoting::DirectConsumeResult::kThrowException;
      result.remark = failure;
    } else if (status == ConsumeConcurrentlyStatus::kReconsumeLater) {
      result.consume_result = remoting::DirectConsumeResult::kLater;
    }
    done(std::move(result));
  });
}

void ConcurrentService::checkTimeouts(const std::vector<std::shared_ptr<ProcessQueue>>& queues) {
  if (context_.isBroadcasting()) {
    return;
  }
  const int64_t started_before_ms =
      context_.uptimeMs() - milliseconds(context_.config.consume_timeout).count();
  for (const std::shared_ptr<ProcessQueue>& queue : queues) {
    expire(std::static_pointer_cast<ConcurrentProcessQueue>(queue), started_before_ms);
  }
}

void ConcurrentService::expire(const QueuePtr& queue, int64_t started_before_ms) {
  for (const MessageExt& message : queue->expired(started_before_ms, kExpiredPerCheck)) {
    static LogLimiter limiter;
    limiter.warn("message {} of {} is being consumed for too long, it goes back to the broker",
                 message.msgId(), queue->queue().toString());
    if (!queue->enter()) {
      return;
    }
    send_back_.giveBack(message, kExpiredDelayLevel,
                        [this, queue, offset = message.queueOffset()](bool taken) {
                          if (taken) {
                            commit(queue, queue->removeOffset(offset));
                          }
                          leave(queue);
                        });
  }
}

bool ConcurrentService::stop(std::chrono::steady_clock::time_point until) {
  const bool ended = workers_.stop(false, until);
  stopped_.store(true);
  return ended;
}

}  // namespace rocketmq::client

#include "client/consumer/orderly_service.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "client/instance/name_space.h"
#include "client/message_ext_builder.h"
#include "client/trace/consume_trace.h"
#include "common/log_limiter.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;

// RocketMQ: ConsumeMessageOrderlyService.MAX_TIME_CONSUME_CONTINUOUSLY; then other queues get the
// worker.
constexpr milliseconds kWorkerTurn{60'000};
constexpr milliseconds kNextTurnDelay{10};
constexpr milliseconds kLockRetryDelay{3000};
constexpr int64_t kSuspendMinMs = 10;
constexpr int64_t kSuspendMaxMs = 30'000;

}  // namespace

OrderlyService::OrderlyService(PushContext& context, MessageListenerOrderly listener)
    : context_(context),
      listener_(std::move(listener)),
      send_back_(context),
      locks_(context),
      workers_("rmq-listener",
               static_cast<size_t>(std::max(context.config.consume_thread_max, 1))) {}

std::shared_ptr<ProcessQueue> OrderlyService::makeQueue(const MessageQueue& queue) const {
  return std::make_shared<OrderlyProcessQueue>(queue);
}

void OrderlyService::consume(const std::shared_ptr<ProcessQueue>& queue,
                             std::vector<MessageExt> messages) {
  const auto orderly = std::static_pointer_cast<OrderlyProcessQueue>(queue);
  if (orderly->add(std::move(messages))) {
    post(orderly);
  }
}

void OrderlyService::post(const QueuePtr& queue) {
  workers_.post([this, queue] { run(queue); });
}

bool OrderlyService::mayConsume(const ProcessQueue& queue) const {
  return context_.isBroadcasting() || queue.holdsLock(context_.uptimeMs());
}

void OrderlyService::run(const QueuePtr& queue) {
  {
    const InListener in_listener(*queue);
    consumeInTurn(queue);
  }
  // Not before: release() looks whether somebody is inside.
  if (queue->dropped()) {
    giveAway(queue);
  }
}

void OrderlyService::consumeInTurn(const QueuePtr& queue) {
  const auto turn_end = std::chrono::steady_clock::now() + kWorkerTurn;
  for (;;) {
    if (stopping_.load() || queue->dropped()) {
      queue->leave();
      return;
    }
    if (!mayConsume(*queue)) {
      lockLater(queue);
      return;
    }
    if (std::chrono::steady_clock::now() > turn_end) {
      parkFor(queue, kNextTurnDelay);
      return;
    }
    std::vector<MessageExt> messages = queue->take(
        static_cast<size_t>(std::max(context_.config.consume_message_batch_max_size, 1)));
    if (messages.empty() || !consumeBatch(queue, std::move(messages))) {
      return;
    }
  }
}

bool OrderlyService::consumeBatch(const QueuePtr& queue, std::vector<MessageExt> messages) {
  for (MessageExt& message : messages) {
    prepareForListener(context_, message);
  }
  const int64_t start_ms = context_.uptimeMs();
  MessageQueue shown = queue->queue();
  shown.topic = withoutNamespace(context_.config.name_space, shown.topic);
  ConsumeOrderlyContext consume_context{.message_queue = shown};
  const ConsumeTrace trace(context_.trace.get(), context_.config.consumer_group, messages);
  std::string failure;
  const ConsumeOrderlyStatus status = callListener(messages, consume_context, failure);
  trace.end(status == ConsumeOrderlyStatus::kSuccess,
            returnOf(status, failure, context_.uptimeMs() - start_ms));
  queue->last_consume_ms.store(context_.uptimeMs());
  const bool ok = status == ConsumeOrderlyStatus::kSuccess;
  const auto count = static_cast<int64_t>(messages.size());
  context_.stats.countConsumed(queue->queue().topic, ok ? count : 0, ok ? 0 : count,
                               context_.uptimeMs() - start_ms);
  if (ok) {
    commit(queue);
    return true;
  }
  return takeFailure(queue, std::move(messages), consume_context.suspend_current_queue_time_millis);
}

// RocketMQ parity: a listener that took too long counts as that, whatever it returned.
ConsumeReturn OrderlyService::returnOf(ConsumeOrderlyStatus status, const std::string& failure,
                                       int64_t cost_ms) const {
  if (!failure.empty()) {
    return ConsumeReturn::kException;
  }
  if (cost_ms >= milliseconds(context_.config.consume_timeout).count()) {
    return ConsumeReturn::kTimeOut;
  }
  return status == ConsumeOrderlyStatus::kSuccess ? ConsumeReturn::kSuccess
                                                  : ConsumeReturn::kFailed;
}

ConsumeOrderlyStatus OrderlyService::callListener(const std::vector<MessageExt>& messages,
                                                  ConsumeOrderlyContext& context,
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
  return ConsumeOrderlyStatus::kSuspendCurrentQueueAMoment;
}

int32_t OrderlyService::maxReconsumeTimes() const {
  return context_.config.max_reconsume_times < 0 ? INT32_MAX : context_.config.max_reconsume_times;
}

struct OrderlyService::GivingUp {
  std::vector<MessageExt> messages;
  std::vector<char> is_taken;  ///< By a broker; each place is its send's alone.
  std::atomic<size_t> outstanding{0};
  int64_t suspend_ms = 0;
};

bool OrderlyService::takeFailure(const QueuePtr& queue, std::vector<MessageExt> messages,
                                 int64_t suspend_ms) {
  std::vector<size_t> used_up;
  for (size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].reconsumeTimes() >= maxReconsumeTimes()) {
      used_up.push_back(i);
    }
  }
  if (used_up.empty() || context_.isBroadcasting() || queue->dropped()) {
    retryLater(queue, std::move(messages), suspend_ms);
    return false;
  }
  const auto giving_up = std::make_shared<GivingUp>();
  giving_up->is_taken.resize(messages.size(), 0);
  giving_up->messages = std::move(messages);
  giving_up->outstanding = used_up.size();
  giving_up->suspend_ms = suspend_ms;
  giveUpOn(queue, giving_up, used_up);
  return false;
}

// A broker puts the messages among the dead letters; then the queue goes on with what is left.
// Until that is known nobody works on the queue, but it counts as worked on, which is what keeps
// releaseIfIdle() from giving it away.
void OrderlyService::giveUpOn(const QueuePtr& queue, const std::shared_ptr<GivingUp>& giving_up,
                              const std::vector<size_t>& used_up) {
  for (const size_t index : used_up) {
    send_back_.makeDeadLetter(giving_up->messages[index],
                              [this, queue, giving_up, index](bool taken) {
                                giving_up->is_taken[index] = taken ? 1 : 0;
                                if (giving_up->outstanding.fetch_sub(1) == 1) {
                                  goOnWithout(queue, *giving_up);
                                }
                              });
  }
}

void OrderlyService::goOnWithout(const QueuePtr& queue, GivingUp& giving_up) {
  std::vector<MessageExt> left;
  for (size_t i = 0; i < giving_up.messages.size(); ++i) {
    if (giving_up.is_taken[i] == 0) {
      left.push_back(std::move(giving_up.messages[i]));
    }
  }
  if (left.empty()) {
    commit(queue);
    post(queue);
  } else {
    // Those in front of it are over.
    context_.offsets->update(queue->queue(), left.front().queueOffset(), false);
    retryLater(queue, std::move(left), giving_up.suspend_ms);
  }
}

void OrderlyService::retryLater(const QueuePtr& queue, std::vector<MessageExt> messages,
                                int64_t suspend_ms) {
  for (MessageExt& message : messages) {
    MessageExtBuilder::setReconsumeTimes(message, message.reconsumeTimes() + 1);
  }
  queue->putBack(std::move(messages));
  if (suspend_ms < 0) {
    suspend_ms = context_.config.suspend_current_queue_time.count();
  }
  parkFor(queue, milliseconds(std::clamp(suspend_ms, kSuspendMinMs, kSuspendMaxMs)));
}

void OrderlyService::commit(const QueuePtr& queue) {
  const int64_t offset = queue->commit();
  // Also of a queue that was given up meanwhile: nobody else gets it before this worker has left.
  context_.offsets->update(queue->queue(), offset, false);
  if (!queue->dropped()) {
    context_.on_progress(queue);
  }
}

void OrderlyService::lockLater(const QueuePtr& queue) {
  queue->park();
  locks_.renew({queue}, [this, queue] {
    parkFor(queue, queue->holdsLock(context_.uptimeMs()) ? kNextTurnDelay : kLockRetryDelay);
  });
}

void OrderlyService::parkFor(const QueuePtr& queue, milliseconds delay) {
  queue->park();
  if (queue->dropped()) {
    giveAway(queue);
    return;
  }
  context_.timers.after(delay, [this, queue] {
    if (queue->unpark()) {
      post(queue);
    }
  });
}

void OrderlyService::giveAway(const QueuePtr& queue) {
  if (release(queue)) {
    context_.on_released(queue);
  }
}

bool OrderlyService::release(const std::shared_ptr<ProcessQueue>& queue) {
  if (stopping_.load() && queue->in_listener.load() == 0) {
    // Nobody is on it, and nobody will be: what should have left it may have been thrown away.
    std::static_pointer_cast<OrderlyProcessQueue>(queue)->leave();
  }
  return queue->releaseIfIdle();
}

void OrderlyService::consumeDirectly(
    MessageExt message, std::function<void(remoting::ConsumeMessageDirectlyResult)> done) {
  workers_.post([this, message = std::move(message), done = std::move(done)]() mutable {
    prepareForListener(context_, message);
    const MessageQueue queue{message.topic(), message.brokerName(), message.queueId()};
    ConsumeOrderlyContext consume_context{.message_queue = queue};
    remoting::ConsumeMessageDirectlyResult result;
    result.order = true;
    const int64_t start_ms = context_.uptimeMs();
    std::string failure;
    std::vector<MessageExt> messages;
    messages.push_back(std::move(message));
    const ConsumeOrderlyStatus status = callListener(messages, consume_context, failure);
    result.spent_time_ms = context_.uptimeMs() - start_ms;
    if (!failure.empty()) {
      result.consume_result = remoting::DirectConsumeResult::kThrowException;
      result.remark = failure;
    } else if (status != ConsumeOrderlyStatus::kSuccess) {
      result.consume_result = remoting::DirectConsumeResult::kLater;
    }
    done(std::move(result));
  });
}

// An orderly listener may take as long as it likes: the messages behind must wait anyway.
void OrderlyService::checkTimeouts(const std::vector<std::shared_ptr<ProcessQueue>>&) {}

bool OrderlyService::stop(std::chrono::steady_clock::time_point until) {
  stopping_.store(true);
  return workers_.stop(false, until);
}

}  // namespace rocketmq::client

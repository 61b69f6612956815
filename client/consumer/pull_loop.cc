#include "client/consumer/pull_loop.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/log_limiter.h"
#include "remoting/protocol/commands/pull_message.h"

namespace rocketmq::client {
namespace {

using remoting::ResponseCode;
using std::chrono::milliseconds;

// RocketMQ: DefaultMQPushConsumerImpl.
constexpr milliseconds kFullDelay{50};
constexpr milliseconds kPausedDelay{1000};
constexpr milliseconds kFailureDelay{1000};
constexpr milliseconds kBrokerFlowControlDelay{20};
constexpr milliseconds kBrokerSuspend{15'000};
constexpr milliseconds kPullTimeout{30'000};

FlowLimits queueLimits(const PushConsumerConfig& config, bool orderly) {
  return {.messages_max = config.pull_threshold_for_queue,
          .bytes_max = static_cast<int64_t>(config.pull_threshold_size_for_queue_mib) << 20,
          .span_max = orderly ? 0 : config.consume_concurrently_max_span};
}

/// Below these a queue that was full is pulled again. Three quarters: refilling starts early enough
/// that the workers do not run dry.
FlowLimits reduced(const FlowLimits& limits) {
  return {
      .messages_max = limits.messages_max > 1 ? limits.messages_max * 3 / 4 : limits.messages_max,
      .bytes_max = limits.bytes_max * 3 / 4,
      .span_max = limits.span_max};
}

bool isCode(const ClientError& error, ResponseCode code) {
  return error.kind == ClientError::Kind::kBroker && error.code == static_cast<int32_t>(code);
}

}  // namespace

PullLoop::PullLoop(PushContext& context, ConsumeService& service, bool orderly)
    : context_(context),
      service_(service),
      needs_lock_(orderly && !context.isBroadcasting()),
      limits_(queueLimits(context.config, orderly)),
      locks_(context) {}

// RocketMQ parity: the share of a topic's bound replaces the queue's own.
FlowLimits PullLoop::limitsOf(const ProcessQueue& queue) const {
  FlowLimits limits = limits_;
  const int64_t queues = std::max(queue.topic_queues.load(), 1);
  if (context_.config.pull_threshold_for_topic > 0) {
    limits.messages_max = std::max<int64_t>(context_.config.pull_threshold_for_topic / queues, 1);
  }
  if (context_.config.pull_threshold_size_for_topic_mib > 0) {
    const int64_t bytes = int64_t{context_.config.pull_threshold_size_for_topic_mib} << 20;
    limits.bytes_max = std::max<int64_t>(bytes / queues, 1 << 20);
  }
  return limits;
}

void PullLoop::start(const QueuePtr& queue) {
  queue->last_pull_ms.store(context_.uptimeMs());
  context_.timers.soon([this, queue] { step(queue); });
}

void PullLoop::stepAfter(const QueuePtr& queue, milliseconds delay) {
  context_.timers.after(delay, [this, queue] { step(queue); });
}

void PullLoop::step(const QueuePtr& queue) {
  if (queue->dropped()) {
    return;
  }
  queue->last_pull_ms.store(context_.uptimeMs());
  if (paused_.load()) {
    stepAfter(queue, kPausedDelay);
    return;
  }
  if (!limitsOf(*queue).allows(queue->cached())) {
    waitForRoom(queue);
    return;
  }
  if (needs_lock_ && !queue->holdsLock(context_.uptimeMs())) {
    locks_.renew({queue});
    stepAfter(queue, kFailureDelay);
    return;
  }
  const SubscriptionPtr subscription = context_.subscriptions->find(queue->queue().topic);
  if (subscription == nullptr) {
    stepAfter(queue, kFailureDelay);
    return;
  }
  if (queue->lockRanOut(context_.uptimeMs())) {
    pullIfOurs(queue, subscription);
  } else {
    pull(queue, subscription);
  }
}

// Others may have had the queue. Without an answer it is pulled all the same: a slave goes on while
// the master, which has the locks, is away.
void PullLoop::pullIfOurs(const QueuePtr& queue, const SubscriptionPtr& subscription) {
  locks_.renew({queue}, [this, queue, subscription] {
    if (!queue->dropped()) {
      pull(queue, subscription);
    }
  });
}

// Whoever sets the flag back goes on: the first progress that makes room, or the timer, which is
// there for progress between the check above and here.
void PullLoop::waitForRoom(const QueuePtr& queue) {
  queue->waiting_for_room.store(true);
  context_.timers.after(kFullDelay, [this, queue] {
    if (queue->waiting_for_room.exchange(false)) {
      step(queue);
    }
  });
}

void PullLoop::roomMade(const QueuePtr& queue) {
  if (queue->waiting_for_room.load() && reduced(limitsOf(*queue)).allows(queue->cached()) &&
      queue->waiting_for_room.exchange(false)) {
    context_.timers.soon([this, queue] { step(queue); });
  }
}

void PullLoop::pull(const QueuePtr& queue, const SubscriptionPtr& subscription) {
  PullRequest request{.queue = queue->queue(),
                      .group = context_.group,
                      .subscription = subscription,
                      .with_expression = false,
                      .offset = queue->next_offset.load(),
                      .messages_max = context_.config.pull_batch_size,
                      .suspend = kBrokerSuspend,
                      .timeout = kPullTimeout,
                      .broker_id = queue->suggested_broker_id.load()};
  if (!context_.isBroadcasting() && !queue->lockRanOut(context_.uptimeMs())) {
    // RocketMQ parity: an offset of zero is not worth telling.
    const int64_t consumed = context_.offsets->cached(queue->queue()).value_or(0);
    request.commit_offset = consumed > 0 ? consumed : -1;
  }
  pullMessages(*context_.instance, request,
               context_.guard.wrap([this, queue](Outcome<PullAnswer> outcome) {
                 take(queue, std::move(outcome));
               }));
}

void PullLoop::take(const QueuePtr& queue, Outcome<PullAnswer> outcome) {
  if (queue->dropped()) {
    return;
  }
  if (!outcome.ok()) {
    takeFailure(queue, outcome.error());
    return;
  }
  PullAnswer& answer = outcome.value();
  if (answer.status == PullStatus::kOffsetIllegal) {
    takeMoved(queue, answer);
    return;
  }
  if (paused_.load()) {
    // The broker held it when the application suspended: it is pulled again later.
    stepAfter(queue, kPausedDelay);
    return;
  }
  queue->pull_failures.store(0);
  queue->suggested_broker_id.store(answer.suggested_broker_id);
  queue->next_offset.store(answer.next_offset);
  context_.stats.countPull(queue->queue().topic, static_cast<int64_t>(answer.messages.size()),
                           context_.uptimeMs() - queue->last_pull_ms.load());
  if (answer.messages.empty()) {
    noteEmpty(*queue);
    if (answer.in_vain) {
      stepAfter(queue, kPullAgainDelay);
    } else {
      step(queue);
    }
    return;
  }
  service_.consume(queue, std::move(answer.messages));
  if (context_.config.pull_interval.count() > 0) {
    stepAfter(queue, context_.config.pull_interval);
  } else {
    step(queue);
  }
}

// Messages that do not match leave nothing to be committed by the workers; without this a group
// that filters would seem to stand still (RocketMQ: correctTagsOffset).
void PullLoop::noteEmpty(ProcessQueue& queue) {
  if (queue.cached().messages == 0) {
    queue.whileOurs(
        [&] { context_.offsets->update(queue.queue(), queue.next_offset.load(), true); });
  }
}

void PullLoop::takeFailure(const QueuePtr& queue, const ClientError& error) {
  if (queue->pull_failures.fetch_add(1) == 0) {
    static LogLimiter limiter;
    limiter.warn("pull of {} failed, it is tried again every second: {}", queue->queue().toString(),
                 error.message);
  }
  if (isCode(error, ResponseCode::kSubscriptionNotExist) ||
      isCode(error, ResponseCode::kSubscriptionNotLatest)) {
    // The broker has forgotten this client, or not heard of it yet.
    context_.instance->heartbeatSoon();
  }
  stepAfter(queue,
            isCode(error, ResponseCode::kFlowControl) ? kBrokerFlowControlDelay : kFailureDelay);
}

void PullLoop::takeMoved(const QueuePtr& queue, const PullAnswer& answer) {
  const std::string move =
      fmt::format("the broker moves group {} in {} from {} to {}{}", context_.group,
                  queue->queue().toString(), queue->next_offset.load(), answer.next_offset,
                  answer.remark.empty() ? "" : ": " + answer.remark);
  if (answer.remark == remoting::kOffsetResetRemark) {
    log::info("{}", move);  // An administrator's order.
  } else {
    static LogLimiter limiter;
    limiter.warn("{}", move);
  }
  queue->drop(ProcessQueue::DropReason::kMoved);
  context_.offsets->move(queue->queue(), answer.next_offset);
  context_.on_start_anew(queue);
}

}  // namespace rocketmq::client

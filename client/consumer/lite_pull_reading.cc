// LitePullCore: pulling ahead, poll(), and where an application reads.

#include <utility>

#include "client/consumer/lite_pull_core.h"
#include "client/instance/bounded_timeout.h"
#include "client/instance/name_space.h"
#include "client/message_decoder.h"
#include "client/trace/consume_trace.h"
#include "common/clock.h"
#include "common/log_limiter.h"
#include "remoting/protocol/commands/pull_message.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kCommitTimeout{3000};
constexpr milliseconds kFailureDelay{1000};

}  // namespace

SubscriptionPtr LitePullCore::subscriptionOf(const std::string& topic) const {
  if (SubscriptionPtr known = selection_->subscriptions().find(topic)) {
    return known;
  }
  // Of assigned queues everything is wanted.
  auto all = std::make_shared<model::SubscriptionData>();
  all->topic = topic;
  all->sub_string = model::kSubscribeAll;
  return all;
}

void LitePullCore::pump(const MessageQueue& queue) {
  const std::optional<AssignedQueues::NextPull> next = queues_.beginPull(queue);
  if (!next) {
    return;
  }
  const PullRequest request{.queue = queue,
                            .group = group_,
                            .subscription = subscriptionOf(queue.topic),
                            .lite = true,
                            .offset = next->offset,
                            .messages_max = config_.pull_batch_size,
                            .suspend = config_.broker_suspend_max_time,
                            .timeout = config_.consumer_timeout_when_suspend,
                            .broker_id = next->broker_id};
  pullMessages(*instance_, request,
               guard_.wrap([this, queue, epoch = next->epoch](Outcome<PullAnswer> outcome) {
                 takeAnswer(queue, epoch, std::move(outcome));
               }));
}

void LitePullCore::takeAnswer(const MessageQueue& queue, uint64_t epoch,
                              Outcome<PullAnswer> outcome) {
  if (outcome.ok()) {
    PullAnswer& answer = outcome.value();
    if (answer.status == PullStatus::kOffsetIllegal) {
      if (answer.remark == remoting::kOffsetResetRemark) {
        takeReset(queue, epoch, answer.next_offset);
        return;
      }
      static LogLimiter limiter;
      limiter.warn("the offset asked for is not in {} (any more), pulling goes on at {}",
                   queue.toString(), answer.next_offset);
    }
    if (answer.in_vain) {
      pumpAfter(queue, epoch, kPullAgainDelay);
    } else if (queues_.endPull(queue, epoch, answer.next_offset, answer.suggested_broker_id,
                               std::move(answer.messages))) {
      pump(queue);
    }
    return;
  }
  static LogLimiter limiter;
  limiter.warn("pull of {} failed: {}", queue.toString(), outcome.error().message);
  pumpAfter(queue, epoch, kFailureDelay);
}

// Until then the pull counts as under way, so that nothing else begins another.
void LitePullCore::pumpAfter(const MessageQueue& queue, uint64_t epoch, milliseconds delay) {
  timers_->after(delay, [this, queue, epoch] {
    if (queues_.endFailedPull(queue, epoch)) {
      pump(queue);
    }
  });
}

// An administrator has moved the group. What was pulled before, and how far the application has
// got, is of no more use.
void LitePullCore::takeReset(const MessageQueue& queue, uint64_t epoch, int64_t offset) {
  if (queues_.takeReset(queue, epoch, offset)) {
    offsets_->update(queue, offset, false);
    pumpAll();
  }
}

void LitePullCore::pumpAll() {
  for (const MessageQueue& queue : queues_.all()) {
    pump(queue);
  }
}

// --- What the application asks for.

std::vector<MessageExt> LitePullCore::poll(milliseconds timeout) {
  if (config_.auto_commit) {
    notePolled();
  }
  std::vector<MessageExt> messages = queues_.poll(static_cast<size_t>(config_.pull_batch_size),
                                                  remoting::deadlineAfter(boundedTimeout(timeout)));
  if (!messages.empty()) {
    pumpAll();
  }
  for (MessageExt& message : messages) {
    unpackOrLog(message);
    message.setTopic(withoutNamespace(config_.name_space, message.topic()));
  }
  // What is polled counts as consumed.
  ConsumeTrace(trace_.get(), config_.consumer_group, messages).end(true, ConsumeReturn::kSuccess);
  return messages;
}

/// What poll() has given out of all queues, or of one, is consumed.
void LitePullCore::notePolled(const MessageQueue* only) {
  queues_.eachPolled([this, only](const MessageQueue& queue, int64_t offset) {
    if (only == nullptr || queue == *only) {
      offsets_->update(queue, offset, false);
    }
  });
}

std::optional<ClientError> LitePullCore::seek(const MessageQueue& queue, int64_t offset) {
  const MessageQueue full_queue = full(queue);
  if (queues_.contains(full_queue)) {
    const Outcome<int64_t> min = queries_->minOffset(full_queue);
    const Outcome<int64_t> max = queries_->maxOffset(full_queue);
    if (!min.ok() || !max.ok()) {
      return min.ok() ? max.error() : min.error();
    }
    if (offset < min.value() || offset > max.value()) {
      return ClientError::client("Seek offset illegal, seek offset = " + std::to_string(offset) +
                                 ", min offset = " + std::to_string(min.value()) +
                                 ", max offset = " + std::to_string(max.value()));
    }
  }
  return seekTo(queue, offset);
}

std::optional<ClientError> LitePullCore::seekTo(const MessageQueue& queue, int64_t offset) {
  const MessageQueue full_queue = full(queue);
  if (!queues_.seek(full_queue, offset)) {
    return ClientError::client(
        "The message queue is not in assigned list, may be rebalancing, "
        "message queue: " +
        queue.toString());
  }
  if (config_.auto_commit) {
    notePolled(&full_queue);
  }
  pumpAll();  // What was dropped has left room for the other queues, too.
  return std::nullopt;
}

std::optional<ClientError> LitePullCore::seekToEdge(const MessageQueue& queue, bool end) {
  const Outcome<int64_t> offset =
      end ? queries_->maxOffset(full(queue)) : queries_->minOffset(full(queue));
  return offset.ok() ? seekTo(queue, offset.value()) : std::optional(offset.error());
}

std::optional<ClientError> LitePullCore::seekToTimestamp(const MessageQueue& queue,
                                                         int64_t timestamp_ms) {
  const Outcome<int64_t> offset = queries_->searchOffset(full(queue), timestamp_ms);
  return offset.ok() ? seekTo(queue, offset.value()) : std::optional(offset.error());
}

void LitePullCore::setPaused(const std::vector<MessageQueue>& queues, bool paused) {
  for (const MessageQueue& queue : queues) {
    queues_.setPaused(full(queue), paused);
  }
  pumpAll();  // What is paused leaves room for the other queues.
}

std::optional<ClientError> LitePullCore::commit() {
  notePolled();
  std::optional<ClientError> error =
      offsets_->persistFinally(remoting::deadlineAfter(kCommitTimeout));
  if (error) {
    return std::move(*error).withContext("not all offsets have arrived at their brokers");
  }
  return std::nullopt;
}

Outcome<int64_t> LitePullCore::committed(const MessageQueue& queue) {
  const MessageQueue full_queue = full(queue);
  if (const Outcome<TopicRoutePtr> route = queries_->route(full_queue.topic); !route.ok()) {
    return route.error();
  }
  StoredOffset stored = offsets_->load(full_queue);
  if (stored.error) {
    return std::move(*stored.error).withContext("the offset of " + queue.toString());
  }
  return stored.offset;
}

Outcome<std::vector<MessageQueue>> LitePullCore::messageQueues(const std::string& topic) {
  return queries_->readableQueues(wrapNamespace(config_.name_space, topic), topic);
}

Outcome<int64_t> LitePullCore::offsetForTimestamp(const MessageQueue& queue, int64_t timestamp_ms) {
  return queries_->searchOffset(full(queue), timestamp_ms);
}

}  // namespace rocketmq::client

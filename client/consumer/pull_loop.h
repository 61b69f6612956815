#pragma once

#include <atomic>
#include <memory>

#include "client/consumer/consume_service.h"
#include "client/consumer/pull_request.h"
#include "client/consumer/push_context.h"
#include "client/consumer/queue_locks.h"

namespace rocketmq::client {

/// Keeps one pull under way for each owned queue, as long as there is room for messages (RocketMQ:
/// DefaultMQPushConsumerImpl.pullMessage).
///
/// Threads: everything on the event loop but start(), roomMade(), pause() and resume().
class PullLoop {
 public:
  using QueuePtr = std::shared_ptr<ProcessQueue>;

  /// `service` and `context` are borrowed.
  PullLoop(PushContext& context, ConsumeService& service, bool orderly);

  /// Starts pulling a queue from its next_offset.
  void start(const QueuePtr& queue);

  /// Messages of the queue were consumed.
  void roomMade(const QueuePtr& queue);

  void pause() { paused_.store(true); }
  void resume() { paused_.store(false); }

 private:
  void step(const QueuePtr& queue);
  void stepAfter(const QueuePtr& queue, std::chrono::milliseconds delay);
  FlowLimits limitsOf(const ProcessQueue& queue) const;
  void waitForRoom(const QueuePtr& queue);
  void pullIfOurs(const QueuePtr& queue, const SubscriptionPtr& subscription);
  void pull(const QueuePtr& queue, const SubscriptionPtr& subscription);
  void take(const QueuePtr& queue, Outcome<PullAnswer> outcome);
  void takeFailure(const QueuePtr& queue, const ClientError& error);
  void takeMoved(const QueuePtr& queue, const PullAnswer& answer);
  void noteEmpty(ProcessQueue& queue);

  PushContext& context_;
  ConsumeService& service_;
  const bool needs_lock_;
  /// As configured for each queue.
  const FlowLimits limits_;
  QueueLocks locks_;
  std::atomic<bool> paused_{false};
};

}  // namespace rocketmq::client

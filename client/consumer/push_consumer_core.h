#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "client/consumer/consume_service.h"
#include "client/consumer/pull_loop.h"
#include "client/consumer/push_context.h"
#include "client/consumer/push_rebalance.h"
#include "client/consumer/queue_table.h"
#include "client/consumer/rebalance_retry.h"
#include "client/instance/group_member.h"
#include "client/instance/worker_pool.h"

namespace rocketmq::client {

using AnyListener =
    std::variant<std::monostate, MessageListenerConcurrently, MessageListenerOrderly>;

/// The working part of a push consumer (RocketMQ: DefaultMQPushConsumerImpl): makes its parts,
/// starts and stops them, and answers for the group.
///
/// Life:    start() -> shutdown(), once each; the destructor waits for listeners still running. An
///          orderly one that ends after shutdown() still stores its offset and gives its queue
///          back.
/// Threads: pulls on the event loop, rebalances and offsets on one service thread, listeners on
///          their pool.
class PushConsumerCore final : public GroupMember {
 public:
  PushConsumerCore(const PushConsumerConfig& config,
                   std::shared_ptr<SubscriptionTable> subscriptions, AnyListener listener);
  ~PushConsumerCore() override;

  /// The reason when the configuration cannot work.
  std::optional<ClientError> start();
  void cancelStart() { start_calls_.cancel(); }
  void shutdown();

  void pause();
  void resume();
  /// InvalidArgument outside of 1 to 1000.
  Status setThreads(int32_t threads);
  /// The subscriptions have changed.
  void subscriptionsChanged();
  std::string clientId() const;
  /// True inside a listener or another function that the application has given.
  bool onOwnThread() const;

  // GroupMember.
  const Guard& guard() const override { return context_->guard; }
  remoting::ConsumerData heartbeatData() const override;
  std::vector<std::string> topics() const override;
  void rebalanceSoon() override;
  void resetOffsets(const std::string& topic,
                    std::map<model::MessageQueue, int64_t> offsets) override;
  std::map<model::MessageQueue, int64_t> offsets(const std::string& topic) const override;
  remoting::ConsumerRunningInfo runningInfo() const override;
  void consumeDirectly(MessageExt message,
                       std::function<void(remoting::ConsumeMessageDirectlyResult)> done) override;

 private:
  std::optional<ClientError> checkConfig() const;
  std::optional<ClientError> makeThreads();
  /// Makes the parts and enters the group.
  std::optional<ClientError> join();
  std::optional<ClientError> becomeKnown();
  void makeParts();
  void startTimers();
  void rebalance();
  bool isOrderly() const { return std::holds_alternative<MessageListenerOrderly>(listener_); }

  const PushConsumerConfig config_;
  const std::string group_;
  const std::shared_ptr<SubscriptionTable> subscriptions_;
  const AnyListener listener_;
  int64_t started_ms_ = 0;
  CancellableCalls start_calls_;  ///< Those that start() waits for.

  // Made by start(), in this order.
  std::unique_ptr<PushContext> context_;
  QueueTable queues_;
  std::unique_ptr<ConsumeService> service_;
  std::unique_ptr<PullLoop> pulls_;
  std::unique_ptr<PushRebalance> rebalance_;
  std::unique_ptr<WorkerPool> worker_;
  // Held back until start() has told the brokers of this member: they know no group before.
  std::atomic<bool> rebalance_pending_{true};
  std::atomic<int32_t> threads_;
  RebalanceRetry retry_{[this](std::chrono::milliseconds delay, std::function<void()> again) {
                          context_->timers.after(delay, std::move(again));
                        },
                        [this] { rebalanceSoon(); }};
  bool shut_down_ = false;
  /// Listeners that have outlasted shutdown() need the instance: the destructor releases it.
  bool instance_kept_ = false;
};

/// True for every setting that RocketMQ would accept; the message names the one that is wrong.
Status checkPushConfig(const PushConsumerConfig& config);

}  // namespace rocketmq::client

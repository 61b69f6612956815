#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/consumer/assigned_queues.h"
#include "client/consumer/consumer_queries.h"
#include "client/consumer/offset_store.h"
#include "client/consumer/passive_member.h"
#include "client/consumer/pull_request.h"
#include "client/consumer/rebalance_retry.h"
#include "client/consumer/subscription_table.h"
#include "client/instance/worker_pool.h"
#include "client/trace/trace_dispatcher.h"
#include "rocketmq/default_lite_pull_consumer.h"

namespace rocketmq::client {

/// What the application has chosen, and may go on changing before, during and after start(): topics
/// to share with the group, or queues of its own. All names that it gives are with namespace.
/// Threads: any.
class LiteSelection {
 public:
  /// As SubscriptionTable::setNamespace(), also for queues.
  Status setNamespace(const std::string& name_space);
  /// InvalidArgument as of SubscriptionTable::add(), and when there are queues.
  Status subscribe(const std::string& topic, const MessageSelector& selector);
  void unsubscribe(const std::string& topic);
  /// InvalidArgument when topics are subscribed.
  Status assign(std::vector<MessageQueue> queues);

  const SubscriptionTable& subscriptions() const { return subscriptions_; }
  /// Absent: the topics are subscribed.
  std::optional<std::vector<MessageQueue>> assigned() const;
  /// How often it has been changed.
  int64_t changes() const;

 private:
  mutable Mutex mutex_;
  std::string name_space_ ROCKETMQ_GUARDED_BY(mutex_);
  SubscriptionTable subscriptions_;
  std::optional<std::vector<MessageQueue>> assigned_ ROCKETMQ_GUARDED_BY(mutex_);
  int64_t assigns_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
};

/// The working part of a lite pull consumer (RocketMQ: DefaultLitePullConsumerImpl): one pull under
/// way per queue, on the event loop; rebalances and offsets on a service thread.
///
/// Life: start() -> shutdown(), once each. Threads: any; calls wait.
class LitePullCore final : public PassiveMember {
 public:
  LitePullCore(const LitePullConsumerConfig& config,
               std::shared_ptr<const LiteSelection> selection);
  ~LitePullCore() override;

  std::optional<ClientError> start();
  void cancelStart() { calls_.cancel(); }
  void shutdown();

  // The selection has changed. The first one waits until the queues are divided anew.
  void queuesAssigned() { rebalanceAndWait(); }
  void subscriptionsChanged();
  /// After start(): takes in what was chosen during it, when there was nobody to be told.
  void catchUp();

  std::vector<MessageExt> poll(std::chrono::milliseconds timeout);
  std::optional<ClientError> seek(const MessageQueue& queue, int64_t offset);
  std::optional<ClientError> seekToEdge(const MessageQueue& queue, bool end);
  void setPaused(const std::vector<MessageQueue>& queues, bool paused);
  std::optional<ClientError> commit();
  std::optional<ClientError> seekToTimestamp(const MessageQueue& queue, int64_t timestamp_ms);
  std::optional<ClientError> listenToQueues(const std::string& topic,
                                            TopicMessageQueueChangeListener listener);
  Outcome<int64_t> committed(const MessageQueue& queue);
  Outcome<std::vector<MessageQueue>> messageQueues(const std::string& topic);
  Outcome<int64_t> offsetForTimestamp(const MessageQueue& queue, int64_t timestamp_ms);

  std::string clientId() const { return instance_->clientId(); }
  /// True inside a function that the application has given.
  bool onOwnThread() const { return worker_.onOwnThread(); }

  // GroupMember.
  const Guard& guard() const override { return guard_; }
  remoting::ConsumerData heartbeatData() const override;
  std::vector<std::string> topics() const override;
  void rebalanceSoon() override;
  std::map<model::MessageQueue, int64_t> offsets(const std::string& topic) const override;

 protected:
  int64_t startedMs() const override { return started_ms_; }

 private:
  /// Enters the group.
  std::optional<ClientError> join();
  void startTimers();
  MessageQueue full(const MessageQueue& queue) const;

  void rebalanceAndWait();
  void rebalance();
  void rebalanceTopic(const std::string& topic, RebalanceGaps& gaps);
  bool useQueues(const std::vector<MessageQueue>& mine, const std::optional<std::string>& of_topic);
  void giveUp(const MessageQueue& queue);

  void notePolled(const MessageQueue* only = nullptr);
  std::optional<ClientError> seekTo(const MessageQueue& queue, int64_t offset);
  void pump(const MessageQueue& queue);
  void pumpAfter(const MessageQueue& queue, uint64_t epoch, std::chrono::milliseconds delay);
  void pumpAll();
  void takeAnswer(const MessageQueue& queue, uint64_t epoch, Outcome<PullAnswer> outcome);
  void takeReset(const MessageQueue& queue, uint64_t epoch, int64_t offset);
  SubscriptionPtr subscriptionOf(const std::string& topic) const;

  void tellQueueListeners();

  const LitePullConsumerConfig config_;
  const std::string group_;
  const std::shared_ptr<const LiteSelection> selection_;
  int64_t changes_known_ = 0;
  int64_t started_ms_ = 0;
  Guard guard_;
  CancellableCalls calls_;
  AssignedQueues queues_;
  std::shared_ptr<ClientInstance> instance_;
  std::shared_ptr<OffsetStore> offsets_;
  std::unique_ptr<ConsumerQueries> queries_;
  std::unique_ptr<Timers> timers_;
  /// Null when nothing is traced.
  std::unique_ptr<TraceDispatcher> trace_;
  WorkerPool worker_{"rmq-consumer", 1};
  // Held back until start() has told the brokers of this member: they know no group before.
  std::atomic<bool> rebalance_pending_{true};
  RebalanceRetry retry_{[this](std::chrono::milliseconds delay, std::function<void()> again) {
                          timers_->after(delay, std::move(again));
                        },
                        [this] { rebalanceSoon(); }};
  bool running_ = false;

  struct QueueListener {
    TopicMessageQueueChangeListener listener;
    std::vector<MessageQueue> told;
  };

  mutable Mutex mutex_;
  /// By topic as brokers know it.
  std::map<std::string, QueueListener> queue_listeners_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::client

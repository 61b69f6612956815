#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/consumer/consumer_queries.h"
#include "client/consumer/offset_store.h"
#include "client/consumer/passive_member.h"
#include "client/consumer/pull_request.h"
#include "client/consumer/subscription_table.h"
#include "client/instance/worker_pool.h"
#include "common/mutex.h"
#include "rocketmq/default_mq_pull_consumer.h"

namespace rocketmq::client {

/// The working part of a pull consumer (RocketMQ: DefaultMQPullConsumerImpl). Queues and topics are
/// as the application writes them; names get their namespace in here.
///
/// Life: start() -> shutdown(), once each. Threads: any; calls wait.
class PullConsumerCore final : public PassiveMember {
 public:
  explicit PullConsumerCore(const PullConsumerConfig& config);
  ~PullConsumerCore() override;

  std::optional<ClientError> start();
  void shutdown();

  Outcome<std::vector<MessageQueue>> subscribeQueues(const std::string& topic);
  Outcome<PullResult> pull(const MessageQueue& queue, const MessageSelector& selector,
                           int64_t offset, int32_t messages_max, bool wait_at_broker);

  Outcome<int64_t> consumeOffset(const MessageQueue& queue, bool from_store);
  void updateConsumeOffset(const MessageQueue& queue, int64_t offset);
  Outcome<int64_t> minOffset(const MessageQueue& queue);
  Outcome<int64_t> maxOffset(const MessageQueue& queue);
  Outcome<int64_t> searchOffset(const MessageQueue& queue, int64_t timestamp_ms);

  std::string clientId() const { return instance_->clientId(); }

  // GroupMember.
  const Guard& guard() const override { return guard_; }
  remoting::ConsumerData heartbeatData() const override;
  std::vector<std::string> topics() const override { return subscriptions_.topics(); }
  void rebalanceSoon() override {}
  std::map<model::MessageQueue, int64_t> offsets(const std::string& topic) const override;

 protected:
  int64_t startedMs() const override { return started_ms_; }

 private:
  /// Enters the group.
  std::optional<ClientError> join();
  MessageQueue full(const MessageQueue& queue) const;
  std::optional<ClientError> ensureRoute(const MessageQueue& queue);
  int64_t suggestedBrokerId(const MessageQueue& queue);
  void noteSuggestion(const MessageQueue& queue, int64_t broker_id);

  const PullConsumerConfig config_;
  const std::string group_;
  int64_t started_ms_ = 0;
  Guard guard_;
  CancellableCalls calls_;
  SubscriptionTable subscriptions_;
  std::shared_ptr<ClientInstance> instance_;
  std::shared_ptr<OffsetStore> offsets_;
  std::unique_ptr<ConsumerQueries> queries_;
  std::unique_ptr<Timers> timers_;
  WorkerPool worker_{"rmq-consumer", 1};
  bool running_ = false;

  Mutex mutex_;
  /// The broker id that the last answer for a queue suggested.
  std::map<MessageQueue, int64_t> suggested_broker_ids_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::client

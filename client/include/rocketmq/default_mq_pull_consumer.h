#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rocketmq/consumer_config.h"
#include "rocketmq/exceptions.h"
#include "rocketmq/message_selector.h"
#include "rocketmq/pull_result.h"

namespace rocketmq {

/// Settings of a pull consumer; defaults are RocketMQ's.
struct PullConsumerConfig : ConsumerConfig {
  /// How long pull() takes at most.
  std::chrono::milliseconds consumer_pull_timeout{10'000};
  /// How long the broker holds pullBlockIfNotFound(), and how long the client waits for it: not
  /// shorter.
  std::chrono::milliseconds broker_suspend_max_time{20'000};
  std::chrono::milliseconds consumer_timeout_when_suspend{30'000};
};

/// Pulls when the application says so, from the queue and offset it names (RocketMQ:
/// DefaultMQPullConsumer).
///
/// Life:    construct, start(), pull, shutdown() (the destructor does it too), which ends calls
/// that
///          wait. A consumer cannot be started again.
/// Threads: any.
/// Errors:  thrown: MQClientException, MQBrokerException or RemotingException, as by the producer.
class DefaultMQPullConsumer {
 public:
  explicit DefaultMQPullConsumer(std::string consumer_group);
  explicit DefaultMQPullConsumer(PullConsumerConfig config);
  ~DefaultMQPullConsumer();
  DefaultMQPullConsumer(const DefaultMQPullConsumer&) = delete;
  DefaultMQPullConsumer& operator=(const DefaultMQPullConsumer&) = delete;

  /// Change it before start().
  PullConsumerConfig& config();
  /// Throws MQClientException when a name or a setting is bad.
  void start();
  void shutdown();

  /// All queues of a topic that can be read.
  std::vector<MessageQueue> fetchSubscribeMessageQueues(const std::string& topic);

  /// Up to `max_nums` messages from `offset` on; at once, also when there are none.
  PullResult pull(const MessageQueue& queue, const std::string& tags, int64_t offset,
                  int32_t max_nums);
  /// The same, also by properties: MessageSelector::bySql(). Throws MQBrokerException, with the
  /// place of the fault, when the broker cannot evaluate the expression.
  PullResult pull(const MessageQueue& queue, const MessageSelector& selector, int64_t offset,
                  int32_t max_nums);
  /// The same, but waits at the broker until there is something or the time is over.
  PullResult pullBlockIfNotFound(const MessageQueue& queue, const std::string& tags, int64_t offset,
                                 int32_t max_nums);
  PullResult pullBlockIfNotFound(const MessageQueue& queue, const MessageSelector& selector,
                                 int64_t offset, int32_t max_nums);

  /// The group's offset in a queue. When it has none: 0 where the queue has no message, or its
  /// first one is still there and recent, else -1. From the broker, or, when `from_store` is false,
  /// what updateConsumeOffset() has set or an earlier call has found, and only else from the
  /// broker.
  int64_t fetchConsumeOffset(const MessageQueue& queue, bool from_store = true);
  /// Sets the group's offset; it reaches the broker within persist_consumer_offset_interval and at
  /// shutdown. Throws MQClientException when it is negative.
  void updateConsumeOffset(const MessageQueue& queue, int64_t offset);

  /// The first message that is there, and one past the last.
  int64_t minOffset(const MessageQueue& queue);
  int64_t maxOffset(const MessageQueue& queue);
  /// First message stored at or after `timestamp_ms`.
  int64_t searchOffset(const MessageQueue& queue, int64_t timestamp_ms);

  /// "ip@instance", as brokers list this client. Empty before start().
  std::string clientId() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rocketmq

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rocketmq/consumer_config.h"
#include "rocketmq/exceptions.h"
#include "rocketmq/message.h"
#include "rocketmq/message_selector.h"

namespace rocketmq {

/// Settings of a lite pull consumer; defaults are RocketMQ's.
struct LitePullConsumerConfig : ConsumerConfig {
  ConsumeFromWhere consume_from_where = ConsumeFromWhere::kLastOffset;
  /// For kTimestamp: "yyyyMMddHHmmss", local time; empty = half an hour before start.
  std::string consume_timestamp;

  /// Messages asked for in one pull and given by one poll() at most, at least 1.
  int32_t pull_batch_size = 10;
  /// How long poll() waits.
  std::chrono::milliseconds poll_timeout{5'000};
  /// See poll(). Without it only commitSync() stores offsets.
  bool auto_commit = true;
  /// How often offsets reach the broker, at least 1 s.
  std::chrono::milliseconds auto_commit_interval{5'000};
  /// Pulling rests while this much is waiting for poll(), in all queues that are not paused
  /// together (each of these bounds is at least 1), ...
  int32_t pull_threshold_for_all = 10'000;
  /// ... a queue's while this much is waiting from it, ...
  int32_t pull_threshold_for_queue = 1000;
  int32_t pull_threshold_size_for_queue_mib = 100;
  /// ... or while the first and the last of a queue are further apart.
  int32_t consume_max_span = 2000;
  /// How long the broker holds a pull that finds nothing, and how long the client waits for it: not
  /// shorter.
  std::chrono::milliseconds broker_suspend_max_time{20'000};
  std::chrono::milliseconds consumer_timeout_when_suspend{30'000};
};

/// Gets a topic and all of its queues that can be read, sorted.
using TopicMessageQueueChangeListener =
    std::function<void(const std::string& topic, const std::vector<MessageQueue>& queues)>;

/// Pulls in the background and gives messages to poll() (RocketMQ: DefaultLitePullConsumer). Either
/// subscribe() (queues are shared with the group) or assign() (the queues you name).
///
/// Life:    construct, subscribe or assign, start(), poll, shutdown() (the destructor does it too),
///          which may come at any time, from any thread and from a listener to queue changes: a
///          poll that waits ends with nothing, and later calls throw. A consumer cannot be started
///          again.
/// Threads: any.
/// Errors:  thrown: MQClientException, MQBrokerException or RemotingException, as by the producer.
class DefaultLitePullConsumer {
 public:
  explicit DefaultLitePullConsumer(std::string consumer_group);
  explicit DefaultLitePullConsumer(LitePullConsumerConfig config);
  ~DefaultLitePullConsumer();
  DefaultLitePullConsumer(const DefaultLitePullConsumer&) = delete;
  DefaultLitePullConsumer& operator=(const DefaultLitePullConsumer&) = delete;

  /// Change it before start().
  LitePullConsumerConfig& config();
  /// Throws MQClientException when a name or a setting is bad. Returns when this consumer has its
  /// first queues, or after api_timeout.
  void start();
  void shutdown();

  /// `tags`: "*", or tags joined with "||". Throws MQClientException for a bad expression, and
  /// after assign().
  void subscribe(const std::string& topic, const std::string& tags = "*");
  /// Also by properties: MessageSelector::bySql(). start() throws MQClientException, with the place
  /// of the fault, when the broker cannot evaluate the expression.
  void subscribe(const std::string& topic, const MessageSelector& selector);
  void unsubscribe(const std::string& topic);
  /// Exactly these queues from now on, whoever else is in the group. Waits as start() does. Throws
  /// MQClientException for an empty list, and after subscribe().
  void assign(const std::vector<MessageQueue>& queues);

  /// Messages of one queue, up to pull_batch_size, the queues taking turns; empty when none came in
  /// time. The messages of the call before count as consumed (with auto_commit).
  std::vector<MessageExt> poll();
  std::vector<MessageExt> poll(std::chrono::milliseconds timeout);

  /// Goes on at `offset`; what was pulled from elsewhere in the queue is dropped. Asks the broker
  /// how far the queue goes. Throws MQClientException when the queue is not this consumer's now, or
  /// does not reach from or to `offset`.
  void seek(const MessageQueue& queue, int64_t offset);
  void seekToBegin(const MessageQueue& queue);
  void seekToEnd(const MessageQueue& queue);
  /// Goes on at the first message stored at or after `timestamp_ms` (since 1970).
  void seekToTimestamp(const MessageQueue& queue, int64_t timestamp_ms);

  /// Paused queues are neither pulled nor polled; what was pulled waits. Queues that are not this
  /// consumer's are passed over.
  void pause(const std::vector<MessageQueue>& queues);
  void resume(const std::vector<MessageQueue>& queues);

  /// Stores the offsets of everything polled at the broker, now. Throws when they are not known to
  /// have arrived after 3 s.
  void commitSync();
  /// The group's stored offset in a queue. When it has none: 0 where the queue has no message, or
  /// its first one is still there and recent, else -1.
  int64_t committed(const MessageQueue& queue);

  /// From now on `listener` hears of every change of a topic's queues, first of the queues that are
  /// there now. After start(); one listener per topic. It runs on the thread of the consumer that
  /// also divides the queues, so it must be quick. It may use the consumer, shut it down and
  /// destroy it; assign() does not wait there. What it throws is logged.
  void registerTopicMessageQueueChangeListener(const std::string& topic,
                                               TopicMessageQueueChangeListener listener);

  /// All queues of a topic that can be read.
  std::vector<MessageQueue> fetchMessageQueues(const std::string& topic);
  /// The first message stored at or after `timestamp_ms` (since 1970).
  int64_t offsetForTimestamp(const MessageQueue& queue, int64_t timestamp_ms);

  /// "ip@instance", as brokers list this client. Empty before start().
  std::string clientId() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rocketmq

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

struct LitePullConsumerConfig : ConsumerConfig {
  ConsumeFromWhere consume_from_where = ConsumeFromWhere::kLastOffset;
  std::string consume_timestamp;

  int32_t pull_batch_size = 10;
  std::chrono::milliseconds poll_timeout{5'000};
  bool auto_commit = true;
  std::chrono::milliseconds auto_commit_interval{5'000};
  /// Pulling pauses while more than this is waiting for poll().
  int32_t pull_threshold_for_all = 10'000;
  int32_t pull_threshold_for_queue = 1000;
  int32_t pull_threshold_size_for_queue_mib = 100;
  /// ... or while the first and the last of a queue are further apart.
  int32_t consume_max_span = 2000;
  std::chrono::milliseconds broker_suspend_max_time{20'000};
  std::chrono::milliseconds consumer_timeout_when_suspend{30'000};
};

/// Gets a topic and all of its queues that can be read, sorted.
using TopicMessageQueueChangeListener =
    std::function<void(const std::string& topic, const std::vector<MessageQueue>& queues)>;

/// Pulls in the background and gives messages to poll() (RocketMQ: DefaultLitePullConsumer). Either
/// subscribe() (queues are shared with the group) or assign() (the queues you name).
///
/// Life: construct, subscribe or assign, start(), poll, shutdown(). Threads: any. Errors: thrown.
class DefaultLitePullConsumer {
 public:
  explicit DefaultLitePullConsumer(std::string consumer_group);
  explicit DefaultLitePullConsumer(LitePullConsumerConfig config);
  ~DefaultLitePullConsumer();
  DefaultLitePullConsumer(const DefaultLitePullConsumer&) = delete;
  DefaultLitePullConsumer& operator=(const DefaultLitePullConsumer&) = delete;

  LitePullConsumerConfig& config();
  void start();
  void shutdown();

  void subscribe(const std::string& topic, const std::string& tags = "*");
  /// Also by properties: MessageSelector::bySql(). start() throws MQClientException, with the place
  /// of the fault, when the broker cannot evaluate the expression.
  void subscribe(const std::string& topic, const MessageSelector& selector);
  void unsubscribe(const std::string& topic);
  void assign(const std::vector<MessageQueue>& queues);

  /// Messages of one queue, up to pull_batch_size; empty when none came in time. The messages of
  /// the call before count as consumed (with auto_commit).
  std::vector<MessageExt> poll();
  std::vector<MessageExt> poll(std::chrono::milliseconds timeout);

  /// Goes on at `offset`; what was pulled from elsewhere in the queue is dropped.
  void seek(const MessageQueue& queue, int64_t offset);
  void seekToBegin(const MessageQueue& queue);
  void seekToEnd(const MessageQueue& queue);
  /// Goes on at the first message stored at or after `timestamp_ms` (since 1970).
  void seekToTimestamp(const MessageQueue& queue, int64_t timestamp_ms);

  void pause(const std::vector<MessageQueue>& queues);
  void resume(const std::vector<MessageQueue>& queues);

  /// Stores the offsets of everything polled at the broker, now.
  void commitSync();
  /// The group's stored offset in a queue; -1 when it has none.
  int64_t committed(const MessageQueue& queue);

  /// From now on `listener` hears of every change of a topic's queues, first of the queues that are
  /// there now. After start(); one listener per topic. It runs on a thread of the consumer that
  /// also divides the queues: it must be quick, and must not shut the consumer down.
  void registerTopicMessageQueueChangeListener(const std::string& topic,
                                               TopicMessageQueueChangeListener listener);

  std::vector<MessageQueue> fetchMessageQueues(const std::string& topic);
  int64_t offsetForTimestamp(const MessageQueue& queue, int64_t timestamp_ms);

  std::string clientId() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rocketmq

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "rocketmq/consumer_config.h"
#include "rocketmq/exceptions.h"
#include "rocketmq/message_listener.h"
#include "rocketmq/message_selector.h"

namespace rocketmq {

/// Settings of a push consumer; defaults are RocketMQ's.
struct PushConsumerConfig : ConsumerConfig {
  ConsumeFromWhere consume_from_where = ConsumeFromWhere::kLastOffset;
  /// For kTimestamp: "yyyyMMddHHmmss", local time; empty = half an hour before start.
  std::string consume_timestamp;

  int32_t consume_thread_max = 20;
  int32_t consume_message_batch_max_size = 1;

  int32_t pull_batch_size = 32;
  std::chrono::milliseconds pull_interval{0};
  /// A queue is not pulled while more than this waits for the listener.
  int32_t pull_threshold_for_queue = 1000;
  int32_t pull_threshold_size_for_queue_mib = 100;
  /// The same for all queues of a topic together, each getting its share in place of the bounds
  /// above; -1: none.
  int32_t pull_threshold_for_topic = -1;
  int32_t pull_threshold_size_for_topic_mib = -1;
  /// ... or while its first and last waiting messages are further apart (concurrent listeners).
  int32_t consume_concurrently_max_span = 2000;

  /// -1: 16 for concurrent listeners, without limit for orderly ones.
  int32_t max_reconsume_times = -1;
  std::chrono::milliseconds suspend_current_queue_time{1000};
  /// A message not consumed for so long is sent back to be consumed again.
  std::chrono::minutes consume_timeout{15};
  /// How long shutdown() waits for listeners that are running.
  std::chrono::milliseconds await_termination_on_shutdown{1000};
};

/// Pulls messages and hands them to a listener (RocketMQ: DefaultMQPushConsumer).
///
/// Life:    construct, subscribe, register a listener, start(), shutdown() (the destructor does it
///          too). shutdown() stores offsets, gives the queues back and waits for running listeners.
/// Threads: subscribe, suspend and resume from any thread; not from inside a listener: shutdown().
class DefaultMQPushConsumer {
 public:
  explicit DefaultMQPushConsumer(std::string consumer_group);
  explicit DefaultMQPushConsumer(PushConsumerConfig config);
  ~DefaultMQPushConsumer();
  DefaultMQPushConsumer(const DefaultMQPushConsumer&) = delete;
  DefaultMQPushConsumer& operator=(const DefaultMQPushConsumer&) = delete;

  /// Change it before start().
  PushConsumerConfig& config();

  /// `tags`: "*", or tags joined with "||". Throws MQClientException for a bad expression.
  void subscribe(const std::string& topic, const std::string& tags = "*");
  /// Also by properties: MessageSelector::bySql(). start() throws MQClientException, with the place
  /// of the fault, when the broker cannot evaluate the expression.
  void subscribe(const std::string& topic, const MessageSelector& selector);
  void unsubscribe(const std::string& topic);

  /// One of the two, before start().
  void registerMessageListener(MessageListenerConcurrently listener);
  void registerMessageListener(MessageListenerOrderly listener);

  /// Throws MQClientException when something is missing or a name is bad.
  void start();
  void shutdown();

  /// Stops and restarts pulling; what was pulled is still consumed.
  void suspend();
  void resume();

  /// Changes consume_thread_max while running, 1 to 1000 (RocketMQ: updateCorePoolSize). Throws
  /// MQClientException for another number. Threads: any; also from inside a listener.
  void setConsumeThreads(int32_t threads);

  std::string clientId() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rocketmq

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

  /// Threads that run the listener, 1 to 1000; the first is started with the consumer, the others
  /// when there is work for them. Where the system gives no more, those that are there do the work.
  /// See setConsumeThreads().
  int32_t consume_thread_max = 20;
  /// Messages given to the listener in one call, 1 to 1024.
  int32_t consume_message_batch_max_size = 1;

  /// Messages asked for in one pull, 1 to 1024.
  int32_t pull_batch_size = 32;
  /// Between two pulls of a queue, 0 to 65535 ms.
  std::chrono::milliseconds pull_interval{0};
  /// A queue is not pulled while more than this waits for the listener: 1 to 65535 messages, 1 to
  /// 1024 MiB of stored size.
  int32_t pull_threshold_for_queue = 1000;
  int32_t pull_threshold_size_for_queue_mib = 100;
  /// The same for all queues of a topic together, each getting its share in place of the bounds
  /// above; -1: none.
  int32_t pull_threshold_for_topic = -1;
  int32_t pull_threshold_size_for_topic_mib = -1;
  /// ... or while its first and last waiting messages are further apart (concurrent listeners), 1
  /// to 65535.
  int32_t consume_concurrently_max_span = 2000;

  /// How often a message is handed out again before it becomes a dead letter; -1: 16 times for
  /// concurrent listeners, without limit for orderly ones.
  int32_t max_reconsume_times = -1;
  /// How long a queue rests after kSuspendCurrentQueueAMoment, taken as 10 ms to 30 s.
  std::chrono::milliseconds suspend_current_queue_time{1000};
  /// A message whose concurrent listener has not returned for so long is sent back to be consumed
  /// again, and no longer holds back the group's offset. At least a minute; looked at once a
  /// minute.
  std::chrono::minutes consume_timeout{15};
  /// How long shutdown() waits for listeners that are running.
  std::chrono::milliseconds await_termination_on_shutdown{1000};
};

/// Pulls messages and hands them to a listener (RocketMQ: DefaultMQPushConsumer).
///
/// Life:    construct, subscribe, register a listener, start(), shutdown() (the destructor does it
///          too). shutdown() may come at any time, from any thread and from a listener: it waits
///          await_termination_on_shutdown for running listeners, stores the offsets and gives the
///          queues back, a second or two in all. What a listener returns after that has no effect:
///          its messages come again, to whoever has the queue then; but an orderly one keeps its
///          queue, and its consumer the connections, until it returns. The destructor waits for
///          running listeners; one that destroys its own consumer is the last to be called. A
///          consumer cannot be started again.
/// Threads: any.
/// Errors:  thrown as MQClientException.
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
  /// The queues of the topic are given up soon after; listeners that run are waited for.
  void unsubscribe(const std::string& topic);

  /// One of the two, before start(); the last one counts.
  void registerMessageListener(MessageListenerConcurrently listener);
  void registerMessageListener(MessageListenerOrderly listener);

  /// Throws MQClientException when something is missing, a name is bad or a setting is out of its
  /// range; it may be put right and start() called again. Waits up to three times api_timeout for
  /// servers, but does not need them: what is not there yet is found later.
  void start();
  void shutdown();

  /// Stops and restarts pulling; what was pulled is still consumed. Throw when not running.
  void suspend();
  void resume();

  /// Changes consume_thread_max while running, 1 to 1000 (RocketMQ: updateCorePoolSize). Throws
  /// MQClientException for another number. Threads: any; also from inside a listener.
  void setConsumeThreads(int32_t threads);

  /// "ip@instance", as brokers list this client. Empty before start().
  std::string clientId() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rocketmq

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "rocketmq/client_config.h"
#include "rocketmq/exceptions.h"
#include "rocketmq/message.h"
#include "rocketmq/send_result.h"

namespace rocketmq {

/// Picks the queue for a message out of all that can be written; must return one of them.
using MessageQueueSelector =
    std::function<MessageQueue(const std::vector<MessageQueue>& queues, const Message& message)>;

/// The queue whose index is hash(key) mod number of queues: equal keys, one queue, in order.
MessageQueueSelector selectQueueByHash(std::string key);
MessageQueueSelector selectQueueByRandom();

/// Gets the outcome of an asynchronous send, exactly once, on a thread of the producer's callback
/// pool. Exactly one of the two functions is called.
struct SendCallback {
  std::function<void(const SendResult&)> on_success;
  std::function<void(const MQException&)> on_exception;
};

/// Gets the outcome of an asynchronous request, exactly once, as SendCallback: the reply, or why
/// there is none (RequestTimeoutException when nobody replied in time).
struct RequestCallback {
  std::function<void(const Message&)> on_success;
  std::function<void(const MQException&)> on_exception;
};

/// How bodies are compressed (RocketMQ: CompressionType). Consumers of other languages may know
/// zlib only.
enum class CompressType { kZlib, kLz4, kZstd };

/// Settings of a producer besides ClientConfig; defaults are RocketMQ's.
struct ProducerConfig : ClientConfig {
  std::string producer_group;

  /// The whole of a call, retries included.
  std::chrono::milliseconds send_msg_timeout{3'000};
  int32_t retry_times_when_send_failed = 2;
  int32_t retry_times_when_send_async_failed = 2;
  bool retry_another_broker_when_not_store_ok = false;

  /// Bodies above this many bytes are compressed; batches never are.
  int32_t compress_msg_body_over_howmuch = 4096;
  CompressType compress_type = CompressType::kZlib;
  int32_t compress_level = 5;
  int32_t max_message_size = 4 * 1024 * 1024;

  /// Template and number of queues for topics that the broker creates on the first send.
  std::string create_topic_key = "TBW102";
  int32_t default_topic_queue_nums = 4;

  /// Keeps away for a while from brokers that answered slowly or failed.
  bool send_latency_fault_enable = false;

  /// Asynchronous sends in flight; past either bound a further send() waits (or fails at once when
  /// `async_send_waits` is false).
  int32_t async_in_flight_max = 10'000;
  int64_t async_in_flight_bytes_max = 256ll << 20;
  bool async_send_waits = true;

  int32_t callback_threads = 1;
};

/// Sends messages (RocketMQ: DefaultMQProducer).
///
/// Life:    construct, start(), send, shutdown() (the destructor does it too; it ends pending
///          asynchronous sends with an exception to their callbacks).
/// Threads: any number may send at the same time.
/// Errors:  synchronous calls throw MQClientException, MQBrokerException or RemotingException.
class DefaultMQProducer {
 public:
  explicit DefaultMQProducer(std::string producer_group);
  explicit DefaultMQProducer(ProducerConfig config);
  virtual ~DefaultMQProducer();
  DefaultMQProducer(const DefaultMQProducer&) = delete;
  DefaultMQProducer& operator=(const DefaultMQProducer&) = delete;

  /// Change it before start().
  ProducerConfig& config();

  /// Throws MQClientException when the group name is bad or no name server is set.
  void start();
  void shutdown();

  /// Sends and waits; on failure tries other queues, preferably of another broker. The message is
  /// given its unique id.
  SendResult send(Message& message);
  SendResult send(Message& message, std::chrono::milliseconds timeout);
  /// To one queue, or to the queue that the selector picks: one try.
  SendResult send(Message& message, const MessageQueue& queue);
  SendResult send(Message& message, const MessageQueueSelector& selector);

  /// All messages in one request, to one queue; they must have one topic and no delay level.
  SendResult send(std::vector<Message>& batch);
  SendResult send(std::vector<Message>& batch, const MessageQueue& queue);

  /// Returns at once; throws only for wrong use. The callback gets everything else.
  void send(Message message, SendCallback callback);
  void send(Message message, const MessageQueue& queue, SendCallback callback);
  void send(Message message, const MessageQueueSelector& selector, SendCallback callback);

  /// Sends without an answer: no error is reported after the bytes have left.
  void sendOneway(Message& message);
  void sendOneway(Message& message, const MessageQueue& queue);
  void sendOneway(Message& message, const MessageQueueSelector& selector);

  /// Sends a message and waits until a consumer has replied to it (see createReplyMessage()), all
  /// within `timeout`; throws RequestTimeoutException when nobody did. Retried as an asynchronous
  /// send.
  Message request(Message& message, std::chrono::milliseconds timeout);
  Message request(Message& message, const MessageQueue& queue, std::chrono::milliseconds timeout);
  Message request(Message& message, const MessageQueueSelector& selector,
                  std::chrono::milliseconds timeout);

  /// The same without waiting for the reply. Throws for wrong use, and when too much is in flight.
  /// The first request to a topic waits for the brokers to know this client.
  void request(Message message, RequestCallback callback, std::chrono::milliseconds timeout);
  void request(Message message, const MessageQueue& queue, RequestCallback callback,
               std::chrono::milliseconds timeout);
  void request(Message message, const MessageQueueSelector& selector, RequestCallback callback,
               std::chrono::milliseconds timeout);

  /// Takes back a message that was sent with a delay or delivery time, before that time (RocketMQ:
  /// recallMessage); `recall_handle` is from its SendResult. Returns the message's unique id. May
  /// be repeated. Whether the message still waits is not checked: that its time is near or over is.
  ///
  /// Throws MQClientException when the handle is none or its broker is not known (nothing was
  /// sent); MQBrokerException with code 16 when the broker's recallMessageEnable is false, 604 when
  /// the handle is of another topic or too late, 17 when the topic is gone, 10, 11 or 12 when the
  /// recall is stored but not yet as safe as the broker's mode promises.
  std::string recallMessage(const std::string& topic, const std::string& recall_handle);

  /// Queues of a topic that can be written now.
  std::vector<MessageQueue> fetchPublishMessageQueues(const std::string& topic);

  /// "ip@instance", as brokers list this client. Empty before start().
  std::string clientId() const;

 protected:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Cuts a list of messages into batches whose encoded size stays under a limit.
class MessageBatchSplitter {
 public:
  /// `batch_bytes_max` counts bodies, properties and 22 bytes per message.
  explicit MessageBatchSplitter(std::vector<Message> messages,
                                size_t batch_bytes_max = 1024 * 1024);

  bool hasNext() const { return position_ < messages_.size(); }
  /// Never empty while hasNext(); a single message larger than the limit comes alone.
  std::vector<Message> next();

 private:
  std::vector<Message> messages_;
  size_t batch_bytes_max_;
  size_t position_ = 0;
};

}  // namespace rocketmq

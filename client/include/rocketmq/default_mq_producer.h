#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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
/// pool. Exactly one of the two functions is called; either may be empty. It may send, and shut the
/// producer down or destroy it. What it throws is logged and has no other effect.
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
  /// Required: at most 255 of the characters %|a-zA-Z0-9_-, not DEFAULT_PRODUCER.
  std::string producer_group;

  /// The whole of a call, retries included: nothing is sent when it is over. A call whose time is 0
  /// or less fails at once.
  std::chrono::milliseconds send_msg_timeout{3'000};
  /// How often a send is tried again after a failure of the connection, and a synchronous one also
  /// after the answers 1, 14, 16, 17, 204, 205 and 1500; never after SYSTEM_BUSY (2).
  int32_t retry_times_when_send_failed = 2;
  int32_t retry_times_when_send_async_failed = 2;
  /// A synchronous send is tried again, too, when its message is stored less safely than the
  /// broker's mode promises (any status but kSendOk): it may then be stored twice.
  bool retry_another_broker_when_not_store_ok = false;

  /// Bodies above this many bytes are compressed where that makes them smaller; batches never are.
  int32_t compress_msg_body_over_howmuch = 4096;
  CompressType compress_type = CompressType::kZlib;
  /// The library's own: 1 to 9 for zlib, 1 to 22 for zstd, start() refuses others; LZ4 has one.
  int32_t compress_level = 5;
  /// Of a body, and of a whole batch, in bytes; the broker has a limit of its own.
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

  /// Threads that run callbacks. A callback that takes long holds up the others.
  int32_t callback_threads = 1;
};

/// Sends messages (RocketMQ: DefaultMQProducer).
///
/// Life:    construct, start(), send, shutdown() (the destructor does it too). shutdown() may come
///          at any time, from any thread and from a callback; it ends what is under way with a
///          RemotingException, waits until all callbacks have been made, and takes about a second
///          at most besides. A producer cannot be started again.
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

  /// How long a whole call may take: asking for the route, waiting for a place, all tries. Without
  /// a value: send_msg_timeout.
  using Timeout = std::optional<std::chrono::milliseconds>;

  /// Sends and waits; on failure tries other queues, preferably of another broker. The message is
  /// given its unique id.
  SendResult send(Message& message, Timeout timeout = std::nullopt);
  /// To one queue, or to the queue that the selector picks: one try. The selector runs on the
  /// calling thread; MQClientException when it throws or picks no queue that it was given.
  SendResult send(Message& message, const MessageQueue& queue, Timeout timeout = std::nullopt);
  SendResult send(Message& message, const MessageQueueSelector& selector,
                  Timeout timeout = std::nullopt);

  /// All messages in one request, to one queue; they must have one topic and no delay.
  SendResult send(std::vector<Message>& batch, Timeout timeout = std::nullopt);
  SendResult send(std::vector<Message>& batch, const MessageQueue& queue,
                  Timeout timeout = std::nullopt);

  /// The same without waiting for the outcome, which the callback gets; may wait for a place when
  /// too much is in flight (see ProducerConfig). Throws MQClientException for wrong use, and when
  /// there is no place for that outcome either: as many refusals wait for their callbacks. After a
  /// failure of the connection the send is repeated, on another broker or, when the queue was
  /// chosen, on the same; what a broker has refused is not. The selector runs on the calling
  /// thread, or, when the route is not known yet, on the callback pool.
  void send(Message message, SendCallback callback, Timeout timeout = std::nullopt);
  void send(Message message, const MessageQueue& queue, SendCallback callback,
            Timeout timeout = std::nullopt);
  void send(Message message, const MessageQueueSelector& selector, SendCallback callback,
            Timeout timeout = std::nullopt);
  void send(std::vector<Message>& batch, SendCallback callback, Timeout timeout = std::nullopt);
  void send(std::vector<Message>& batch, const MessageQueue& queue, SendCallback callback,
            Timeout timeout = std::nullopt);

  /// Sends without an answer, one try: no error is reported after the bytes have left. Waits at
  /// most send_msg_timeout, for a connection that can take them.
  void sendOneway(Message& message);
  void sendOneway(Message& message, const MessageQueue& queue);
  void sendOneway(Message& message, const MessageQueueSelector& selector);

  /// Sends a message and waits until a consumer has replied to it (see createReplyMessage()), all
  /// within `timeout`; throws RequestTimeoutException when nobody did, and the error of the send
  /// when no broker has taken the message. Retried as an asynchronous send.
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
  /// `batch_bytes_max` counts bodies, properties and 22 bytes per message. `name_space`: of the
  /// producer that will send them, which adds it to each message.
  explicit MessageBatchSplitter(std::vector<Message> messages, size_t batch_bytes_max = 1024 * 1024,
                                std::string name_space = {});

  bool hasNext() const { return position_ < messages_.size(); }
  /// Never empty while hasNext(); a single message larger than the limit comes alone.
  std::vector<Message> next();

 private:
  std::vector<Message> messages_;
  size_t batch_bytes_max_;
  std::string name_space_;
  size_t position_ = 0;
};

}  // namespace rocketmq

#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/instance/client_instance.h"
#include "client/instance/guard.h"
#include "client/instance/worker_pool.h"
#include "client/producer/callback_batch.h"
#include "client/producer/in_flight.h"
#include "client/producer/latency_fault.h"
#include "client/producer/send_call.h"
#include "client/producer/transaction_checker.h"
#include "client/trace/trace_dispatcher.h"
#include "rocketmq/default_mq_producer.h"
#include "rocketmq/transaction_mq_producer.h"

namespace rocketmq::client {

/// The working part of a producer (RocketMQ: DefaultMQProducerImpl). Every send is asynchronous in
/// here: choose a queue, connect, write, take the answer, perhaps try again.
///
/// Life:    start() -> shutdown(), which ends what is in flight with an error. Once each. On a
///          thread of a WorkerPool shutdown() does not wait for callbacks: the destructor does.
/// Threads: any. The core runs on the caller's thread up to the first write and on the event loop
///          from there; users' functions only on the caller's thread and on the callback pool.
class ProducerCore {
 public:
  /// `checker`: for producers of transactions. `client_id`: of the instance to share; empty: the
  /// one that the configuration asks for.
  explicit ProducerCore(const ProducerConfig& config,
                        std::unique_ptr<TransactionChecker> checker = nullptr,
                        std::string client_id = {});
  ~ProducerCore();
  ProducerCore(const ProducerCore&) = delete;
  ProducerCore& operator=(const ProducerCore&) = delete;

  /// The reason when the configuration cannot work.
  std::optional<ClientError> start();
  void shutdown();
  /// After shutdown(): returns when all callbacks have returned but the one that calls this.
  void finishCallbacks();

  std::string clientId() const;
  /// As it was at the start.
  const ProducerConfig& config() const { return config_; }
  /// True inside a callback, and inside a transaction listener that is asked by a broker.
  bool onOwnThread() const;

  /// Sends and waits. kOneway waits until the message is on its way.
  Outcome<SendResult> sendSync(OutgoingMessage&& outgoing, SendTarget&& target, SendMode mode,
                               std::chrono::milliseconds timeout);

  /// Sends; `callback` runs on the callback pool. Waits for a place when too much is in flight.
  void sendAsync(OutgoingMessage&& outgoing, SendTarget&& target, SendCallback callback,
                 std::chrono::milliseconds timeout);

  /// Makes `message` one that asks for a reply; its correlation id.
  std::string makeRequest(Message& message, std::chrono::milliseconds timeout) const;

  /// Sends what makeRequest() has made and waits for the reply.
  Outcome<Message> requestSync(const std::string& id, OutgoingMessage outgoing, SendTarget target,
                               std::chrono::milliseconds timeout);
  /// The same; `callback` runs on the callback pool. Bounded as sendAsync().
  void requestAsync(const std::string& id, OutgoingMessage outgoing, SendTarget target,
                    std::chrono::milliseconds timeout, RequestCallback callback);

  /// Sends the outcome of the transaction of `message` to the master of `request.broker_name`,
  /// one-way: what does not arrive is asked for later.
  void endTransaction(const Message& message, remoting::EndTransaction request,
                      LocalTransactionState state);

  /// Takes back the timer message that `handle` names; its unique id. Waits; in producer_recall.cc.
  Outcome<std::string> recallSync(const std::string& topic, const std::string& handle,
                                  std::chrono::milliseconds timeout);

  Outcome<std::vector<MessageQueue>> publishQueues(const std::string& topic);

 private:
  using Clock = std::chrono::steady_clock;

  // Requests, in producer_requests.cc.
  struct RequestTime {
    Clock::time_point deadline;
    std::chrono::milliseconds timeout;  ///< That led to the deadline, for messages.
  };
  std::optional<ClientError> beginRequest(const std::string& id, const SendCallPtr& call,
                                          const RequestTime& time, PendingRequests::Done done);
  void greetBrokersOf(const std::string& topic, Clock::time_point deadline);

  ClientInstance::TopicTemplate topicTemplate() const {
    return {config_.create_topic_key, config_.default_topic_queue_nums};
  }
  InFlightSends::Admission admit(int64_t bytes, Clock::time_point until);
  ClientError tooMany() const;
  static ClientError shutDown();
  static ClientError cutShort();
  static ClientError outOfTime(const SendCall& call);
  SendCallPtr makeCall(OutgoingMessage&& outgoing, SendTarget&& target, SendMode mode,
                       std::chrono::milliseconds timeout) const;

  // The steps of a send, in order.
  void begin(const SendCallPtr& call);
  void takeRoute(const SendCallPtr& call, const Outcome<TopicRoutePtr>& outcome,
                 bool on_callers_thread);
  void select(const SendCallPtr& call);
  void attempt(const SendCallPtr& call);
  void write(const SendCallPtr& call, const remoting::ConnectionPtr& connection);
  template <class C>
  void writeAs(const SendCallPtr& call, const remoting::ConnectionPtr& connection);
  void writeOneway(const SendCallPtr& call, const remoting::ConnectionPtr& connection, bool taken);
  template <class C>
  void takeAnswer(const SendCallPtr& call, const remoting::CallResult<C>& result);
  void takeStored(const SendCallPtr& call, SendStatus status,
                  const remoting::SendMessageReply& reply);
  void fail(const SendCallPtr& call, ClientError error);
  /// attempt(), soon.
  void tryAgain(const SendCallPtr& call);
  /// `outcome`: a SendResult or the error instead of it. Nothing when the guard is closed: then the
  /// shutdown, which waits for whoever is inside, concludes what is left.
  template <class Value>
  void finish(const SendCallPtr& call, Value&& outcome);
  template <class Value>
  void conclude(const SendCallPtr& call, Value&& outcome);

  void stopCallbacks(Clock::time_point until);
  Clock::time_point connectDeadline(const SendCall& call) const;
  void recordLatency(const SendCall& call, bool failed);
  void refuse(const SendCallback& callback, ClientError error);
  /// Has the callback pool tell the application a call's outcome and give back its place.
  void tellApplication(const SendCallPtr& call, InFlightSends& places);

  const ProducerConfig config_;
  const std::string group_;
  const std::string client_id_;
  LatencyFault latency_;
  InFlightSends in_flight_;
  /// Sends that found no place and whose callbacks have not been told so yet.
  InFlightSends refused_;
  Guard guard_;
  std::shared_ptr<ClientInstance> instance_;
  std::atomic<bool> released_{false};
  const std::unique_ptr<TransactionChecker> checker_;
  /// Null when nothing is traced.
  std::unique_ptr<TraceDispatcher> trace_;
  WorkerPool callbacks_;
  CallbackBatch outcomes_;
};

}  // namespace rocketmq::client

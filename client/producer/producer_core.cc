#include "client/producer/producer_core.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "client/instance/bounded_timeout.h"
#include "client/instance/config_check.h"
#include "client/instance/name_space.h"
#include "client/producer/waiting_caller.h"
#include "client/trace/produce_trace.h"
#include "common/clock.h"
#include "common/log_limiter.h"
#include "common/validate.h"
#include "remoting/protocol/commands/reply_message.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;

constexpr const char* kReservedGroup = "DEFAULT_PRODUCER";
// What shutdown() spends at most on telling brokers.
constexpr milliseconds kFarewellTimeout{500};
constexpr milliseconds kCongestionDelay{2};
// So many tries follow each other at once, the further ones after a pause: tries that fail without
// taking time, as where no master is known, would fill the stack or keep a processor busy.
constexpr int32_t kPromptTries = 3;
constexpr milliseconds kRetryPause{10};
// However many tries are left, one may take this share of the time that is.
constexpr int64_t kTriesSharingMax = 10;

milliseconds pauseAfter(const SendCall& call) {
  return call.attempts_made < kPromptTries ? milliseconds(0) : kRetryPause;
}

InFlightSends::Limits limitsOf(const ProducerConfig& config) {
  return {std::max(config.async_in_flight_max, 1),
          std::max<int64_t>(config.async_in_flight_bytes_max, 1)};
}

Status checkCompressLevel(const ProducerConfig& config) {
  switch (config.compress_type) {
    case CompressType::kZlib:
      return checkRanges({{"compress_level", config.compress_level, 1, 9}});
    case CompressType::kZstd:
      return checkRanges({{"compress_level", config.compress_level, 1, 22}});
    case CompressType::kLz4:
      break;
  }
  return Status::ok();
}

}  // namespace

ClientError ProducerCore::shutDown() {
  return ClientError::client("the producer was shut down: nothing was sent");
}

// RocketMQ: "sendDefaultImpl call timeout". Where others were tried before, what became of the last
// one says more.
ClientError ProducerCore::outOfTime(const SendCall& call) {
  if (call.last_failure != nullptr) {
    return *call.last_failure;
  }
  return {ClientError::Kind::kTimeout,
          ClientErrorCode::kAccessBrokerTimeout,
          "the time of the send was over before a broker was asked: nothing was sent",
          {}};
}

// A broker may have stored what is under way.
ClientError ProducerCore::cutShort() {
  return {ClientError::Kind::kRemoting, -1, "the producer was shut down during the send", {}};
}

ProducerCore::ProducerCore(const ProducerConfig& config,
                           std::unique_ptr<TransactionChecker> checker, std::string client_id)
    : config_(withBoundedTimes(config)),
      group_(wrapNamespace(config.name_space, config.producer_group)),
      client_id_(client_id.empty() ? makeClientId(config, false) : std::move(client_id)),
      latency_(SystemClock::instance()),
      in_flight_(limitsOf(config)),
      refused_(limitsOf(config)),
      checker_(std::move(checker)),
      callbacks_("rmq-callback", static_cast<size_t>(std::max(config.callback_threads, 1))),
      outcomes_(callbacks_,
                [this] { instance_->timers().soon(guard_.wrap([this] { outcomes_.flush(); })); }) {}

ProducerCore::~ProducerCore() {
  shutdown();
  finishCallbacks();
}

std::optional<ClientError> ProducerCore::start() {
  for (const Status& status :
       {checkGroup(config_.producer_group, config_.name_space, kReservedGroup),
        checkClientConfig(config_), checkCompressLevel(config_),
        checkRanges({{"max_message_size", config_.max_message_size, 1}})}) {
    if (!status.isOk()) {
      return ClientError::client(status.message());
    }
  }
  Outcome<std::shared_ptr<ClientInstance>> instance = ClientInstance::acquire(config_, client_id_);
  if (!instance.ok()) {
    return instance.error();
  }
  if (std::optional<ClientError> error = instance.value()->addProducer(
          group_, checker_ == nullptr ? TransactionCheckHandler() : checker_->handler())) {
    ClientInstance::release(instance.value());
    return error;
  }
  instance_ = std::move(instance.value());
  trace_ = TraceDispatcher::create(config_, client_id_, config_.producer_group,
                                   TraceDispatcher::Kind::kProduce);
  if (checker_ != nullptr) {
    checker_->traceTo(trace_.get());
  }
  instance_->heartbeatSoon();
  return std::nullopt;
}

// Outcomes are told inside the guard only. So once it is closed, what has no outcome is found here,
// and every other has its callback on the way.
void ProducerCore::shutdown() {
  guard_.close();
  for (const SendCallPtr& call : in_flight_.close()) {
    conclude(call, cutShort());
  }
  refused_.close();
  if (instance_ != nullptr && !released_.load()) {
    instance_->requests().finishAll(this, cutShort());
  }
  outcomes_.close();
  stopCallbacks(WorkerPool::patience());
  if (trace_ != nullptr) {
    trace_->shutdown();
  }
  // Senders may still be inside with a pointer to the instance; it is stopped but not destroyed.
  if (instance_ != nullptr && !released_.exchange(true)) {
    instance_->removeProducer(group_, remoting::deadlineAfter(kFarewellTimeout));
    ClientInstance::release(instance_);
  }
}

void ProducerCore::finishCallbacks() { stopCallbacks(Clock::time_point::max()); }

// Every callback is made, if not until `until`: an application counts on hearing about each of its
// sends.
void ProducerCore::stopCallbacks(Clock::time_point until) {
  if (checker_ != nullptr) {
    checker_->stop(until);
  }
  callbacks_.stop(true, until);
}

std::string ProducerCore::clientId() const { return instance_->clientId(); }

bool ProducerCore::onOwnThread() const {
  return callbacks_.onOwnThread() || (checker_ != nullptr && checker_->onOwnThread());
}

SendCallPtr ProducerCore::makeCall(OutgoingMessage&& outgoing, SendTarget&& target, SendMode mode,
                                   milliseconds timeout) const {
  auto call = std::make_shared<SendCall>();
  call->outgoing = std::move(outgoing);
  call->target = std::move(target);
  if (std::holds_alternative<SelectedQueue>(call->target)) {
    call->has_selector.store(true);
  }
  call->mode = mode;
  call->retries_max = mode == SendMode::kSync ? config_.retry_times_when_send_failed
                                              : config_.retry_times_when_send_async_failed;
  call->deadline = Clock::now() + boundedTimeout(timeout);
  return call;
}

Outcome<SendResult> ProducerCore::sendSync(OutgoingMessage&& outgoing, SendTarget&& target,
                                           SendMode mode, milliseconds timeout) {
  const SendCallPtr call = makeCall(std::move(outgoing), std::move(target), mode, timeout);
  auto caller = std::make_shared<WaitingCaller<Outcome<SendResult>>>();
  call->done = [caller](const SendCallPtr& done) { caller->finish(std::move(*done->outcome)); };
  if (auto* selected = std::get_if<SelectedQueue>(&call->target)) {
    selected->run = [caller](std::function<void()> choice) { caller->run(std::move(choice)); };
  }
  if (!in_flight_.add(call)) {
    return shutDown();
  }
  begin(call);
  Outcome<SendResult> outcome = caller->wait();
  static_cast<void>(call->takeSelector());  // It ends here, not with what the event loop holds.
  return outcome;
}

void ProducerCore::begin(const SendCallPtr& call) {
  // The usual case, without a callback to allocate.
  const TopicRoutePtr known = instance_->knownPublishRoute(call->outgoing.header.topic);
  if (known != nullptr) {
    takeRoute(call, known, true);
    return;
  }
  if (Clock::now() >= call->deadline) {
    finish(call, outOfTime(*call));
    return;
  }
  instance_->findPublishRoute(call->outgoing.header.topic, topicTemplate(), call->deadline,
                              [this, guard = guard_, call, caller = std::this_thread::get_id()](
                                  const Outcome<TopicRoutePtr>& outcome) {
                                if (caller == std::this_thread::get_id()) {
                                  takeRoute(call, outcome, true);
                                } else {
                                  guard.run([&] { takeRoute(call, outcome, false); });
                                }
                              });
}

void ProducerCore::takeRoute(const SendCallPtr& call, const Outcome<TopicRoutePtr>& outcome,
                             bool on_callers_thread) {
  if (!outcome.ok()) {
    finish(call, outcome.error());
    return;
  }
  call->route = outcome.value();
  if (call->route->publish_queues.empty()) {
    finish(call, ClientError::client("No route info of this topic: " + call->route->topic +
                                         " has no queue that can be written",
                                     ClientErrorCode::kNotFoundTopic));
    return;
  }
  const auto* selected = std::get_if<SelectedQueue>(&call->target);
  if (selected == nullptr) {
    attempt(call);
  } else if (on_callers_thread) {
    select(call);
  } else if (const auto run = selected->run) {
    // The application's selector must not run on the event loop. A copy: the choice, which another
    // thread may begin at once, takes the place of the selector and of what runs it.
    run([this, call] { select(call); });
  } else {
    callbacks_.post([this, call] { select(call); });
  }
}

void ProducerCore::select(const SendCallPtr& call) {
  const std::optional<MessageQueueSelector> selector = call->takeSelector();
  if (!selector) {
    return;  // The call has its outcome.
  }
  std::vector<MessageQueue> queues = call->route->publish_queues;
  for (MessageQueue& queue : queues) {
    queue.topic = withoutNamespace(config_.name_space, queue.topic);
  }
  try {
    MessageQueue chosen = (*selector)(queues, std::get<SelectedQueue>(call->target).message);
    if (std::find(queues.begin(), queues.end(), chosen) == queues.end()) {
      finish(call, ClientError::client("the selector returned " + chosen.toString() +
                                       ", which is not one of the queues it was given"));
      return;
    }
    call->target = std::move(chosen);
  } catch (const std::exception& failure) {
    finish(call, ClientError::client("select message queue threw exception: " +
                                     std::string(failure.what())));
    return;
  } catch (...) {
    finish(call, ClientError::client("select message queue threw exception"));
    return;
  }
  attempt(call);
}

void ProducerCore::attempt(const SendCallPtr& call) {
  call->attempt_start = Clock::now();
  if (call->attempt_start >= call->deadline) {
    fail(call, outOfTime(*call));
    return;
  }
  call->last_broker = std::move(call->queue.broker_name);
  ++call->attempts_made;
  if (const auto* fixed = std::get_if<MessageQueue>(&call->target)) {
    call->queue = *fixed;
    call->queue.topic = call->outgoing.header.topic;
  } else {
    if (call->attempts_made > 1) {
      // What has failed may have left the route by now.
      if (TopicRoutePtr newest = instance_->knownPublishRoute(call->outgoing.header.topic)) {
        call->route = std::move(newest);
      }
    }
    std::function<bool(const std::string&)> is_available;
    if (config_.send_latency_fault_enable) {
      is_available = [this](const std::string& broker) { return latency_.isAvailable(broker); };
    }
    call->queue = *chooseQueue(call->route->publish_queues, call->route->nextTurn(),
                               call->last_broker, is_available);
  }
  std::optional<std::string> master = instance_->routes().master(call->queue.broker_name);
  if (!master) {
    fail(call, {call->queueFixed() ? ClientError::Kind::kClient : ClientError::Kind::kRemoting,
                ClientErrorCode::kBrokerNotExist,
                "The broker[" + call->queue.broker_name + "] not exist or has no master",
                {}});
    return;
  }
  call->address = std::move(*master);
  if (const remoting::ConnectionPtr open = instance_->remoting().openConnection(call->address)) {
    write(call, open);
    return;
  }
  instance_->remoting().connect(
      call->address, connectDeadline(*call),
      guard_.wrap([this, call](const Result<remoting::ConnectionPtr>& connection) {
        if (!connection.ok()) {
          recordLatency(*call, true);
          fail(call, instance_->describe(connection.status(), call->address));
        } else if (Clock::now() >= call->deadline) {
          fail(call, outOfTime(*call));
        } else {
          write(call, *connection);
        }
      }));
}

// While there are tries left, connecting may use only this try's share of the time: an address that
// swallows packets must not cost the whole call.
ProducerCore::Clock::time_point ProducerCore::connectDeadline(const SendCall& call) const {
  const bool single_try =
      call.mode == SendMode::kOneway || (call.mode == SendMode::kSync && call.queueFixed());
  const int64_t tries_left =
      single_try ? 1
                 : std::clamp<int64_t>(int64_t{call.retries_max} + 2 - call.attempts_made, 1,
                                       kTriesSharingMax);
  const auto now = Clock::now();
  return now + (call.deadline - now) / tries_left;
}

void ProducerCore::write(const SendCallPtr& call, const remoting::ConnectionPtr& connection) {
  if (call->finished.load()) {
    return;
  }
  auto& header = call->outgoing.header;
  header.queue_id = call->queue.queue_id;
  header.broker_name = call->queue.broker_name;
  header.born_timestamp_ms = SystemClock::instance().nowMs();
  if (call->outgoing.is_reply) {
    writeAs<remoting::BasicSendReplyMessageV2<std::string_view>>(call, connection);
  } else if (call->outgoing.is_batch) {
    writeAs<remoting::BasicSendBatchMessage<std::string_view>>(call, connection);
  } else {
    writeAs<remoting::BasicSendMessageV2<std::string_view>>(call, connection);
  }
}

template <class C>
void ProducerCore::writeAs(const SendCallPtr& call, const remoting::ConnectionPtr& connection) {
  const C request{viewOf(call->outgoing.header)};
  remoting::Payload body;
  body.add(call->outgoing.body, call);
  if (call->mode == SendMode::kOneway) {
    writeOneway(call, connection, connection->oneway(request, std::move(body)));
    return;
  }
  connection->call(request, std::move(body), call->deadline,
                   guard_.wrap([this, call](const remoting::CallResult<C>& result) {
                     takeAnswer<C>(call, result);
                   }));
}

// Nobody answers a one-way send, so the only thing that can slow down a sender that is faster than
// the broker reads is the connection's bound: there it waits.
void ProducerCore::writeOneway(const SendCallPtr& call, const remoting::ConnectionPtr& connection,
                               bool taken) {
  if (taken) {
    SendResult result;
    result.msg_id = call->outgoing.message_id;
    finish(call, std::move(result));
  } else if (connection->isOpen() && Clock::now() < call->deadline) {
    instance_->timers().after(kCongestionDelay,
                              guard_.wrap([this, call, connection] { write(call, connection); }));
  } else {
    fail(call, instance_->describe(Status::busy("the connection was closed or has too much to "
                                                "write"),
                                   call->address));
  }
}

template <class C>
void ProducerCore::takeAnswer(const SendCallPtr& call, const remoting::CallResult<C>& result) {
  const std::optional<SendStatus> status = result.ok() ? sendStatusOf(result->code) : std::nullopt;
  recordLatency(*call, !status);
  if (status) {
    takeStored(call, *status, result->header);
  } else if (result.ok()) {
    fail(call, ClientError::broker(result->code, result->remark, call->address));
  } else {
    fail(call, instance_->describe(result.status(), call->address));
  }
}

void ProducerCore::takeStored(const SendCallPtr& call, SendStatus status,
                              const remoting::SendMessageReply& reply) {
  const bool try_elsewhere = status != SendStatus::kSendOk && call->mode == SendMode::kSync &&
                             config_.retry_another_broker_when_not_store_ok &&
                             !call->queueFixed() && call->attempts_made <= call->retries_max &&
                             Clock::now() < call->deadline;
  std::string& id = call->outgoing.message_id;
  SendResult result = makeSendResult(*call, try_elsewhere ? std::string(id) : std::move(id), status,
                                     reply, config_.name_space);
  if (trace_ != nullptr) {
    traceSend(*trace_, config_.producer_group, *call, result, call->address);
  }
  if (try_elsewhere) {
    call->stored_somehow = std::make_unique<SendResult>(std::move(result));
    tryAgain(call);
  } else {
    finish(call, std::move(result));
  }
}

void ProducerCore::fail(const SendCallPtr& call, ClientError error) {
  const FailedAttempt attempt_made{.mode = call->mode,
                                   .queue_fixed = call->queueFixed(),
                                   .attempts_made = call->attempts_made,
                                   .retries_max = call->retries_max,
                                   .time_left = Clock::now() + pauseAfter(*call) < call->deadline};
  if (!call->finished.load() &&
      decideAfterFailure(attempt_made, error) == AfterFailure::kTryAgain) {
    static LogLimiter limiter;
    limiter.warn("send of message {} to {} failed and is tried again: {}",
                 call->outgoing.idForLog(), call->queue.toString(), error.message);
    call->last_failure = std::make_unique<ClientError>(std::move(error));
    tryAgain(call);
    return;
  }
  if (call->stored_somehow) {
    finish(call, *call->stored_somehow);
    return;
  }
  if (call->attempts_made > 1) {
    error = std::move(error).withContext("Send [" + std::to_string(call->attempts_made) +
                                         "] times, still failed, Topic: " + call->queue.topic);
  }
  finish(call, std::move(error));
}

void ProducerCore::tryAgain(const SendCallPtr& call) {
  const milliseconds pause = pauseAfter(*call);
  if (pause == milliseconds(0)) {
    attempt(call);
  } else {
    instance_->timers().after(pause, guard_.wrap([this, call] { attempt(call); }));
  }
}

template <class Value>
void ProducerCore::finish(const SendCallPtr& call, Value&& outcome) {
  guard_.run([&] { conclude(call, std::forward<Value>(outcome)); });
}

template <class Value>
void ProducerCore::conclude(const SendCallPtr& call, Value&& outcome) {
  if (call->finished.exchange(true)) {
    return;
  }
  call->outcome.emplace(std::forward<Value>(outcome));
  in_flight_.remove(*call);
  call->done(call);
}

void ProducerCore::recordLatency(const SendCall& call, bool failed) {
  if (config_.send_latency_fault_enable) {
    latency_.record(call.queue.broker_name, failed ? kFailedSendCost
                                                   : std::chrono::duration_cast<milliseconds>(
                                                         Clock::now() - call.attempt_start));
  }
}

void ProducerCore::endTransaction(const Message& message, remoting::EndTransaction request,
                                  LocalTransactionState state) {
  const auto lost = [id = request.message_id](std::string_view why) {
    static LogLimiter limiter;
    limiter.warn(
        "the outcome of transaction {} did not reach the broker, which will ask for it: {}", id,
        why);
  };
  const std::optional<std::string> master =
      instance_->routes().master(request.broker_name.value_or(""));
  if (!master) {
    lost("its master is not known any more");
    return;
  }
  if (trace_ != nullptr) {
    traceEndTransaction(*trace_, config_.producer_group, message, request, state, *master);
  }
  const auto tell = [request = std::move(request),
                     lost](const remoting::ConnectionPtr& connection) {
    if (!connection->oneway(request)) {
      lost("the connection was closed or has too much to write");
    }
  };
  if (const remoting::ConnectionPtr open = instance_->remoting().openConnection(*master)) {
    tell(open);
    return;
  }
  instance_->remoting().connect(
      *master, remoting::deadlineAfter(config_.send_msg_timeout),
      guard_.wrap([tell, lost](const Result<remoting::ConnectionPtr>& connection) {
        connection.ok() ? tell(*connection) : lost(connection.status().message());
      }));
}

Outcome<std::vector<MessageQueue>> ProducerCore::publishQueues(const std::string& topic) {
  const std::string full_topic = wrapNamespace(config_.name_space, topic);
  if (const Status status = validateTopic(full_topic); !status.isOk()) {
    return ClientError::client(status.message());
  }
  Outcome<TopicRoutePtr> route =
      instance_->fetchRouteSync(full_topic, remoting::deadlineAfter(config_.api_timeout));
  if (!route.ok()) {
    return route.error();
  }
  std::vector<MessageQueue> queues = route.value()->publish_queues;
  for (MessageQueue& queue : queues) {
    queue.topic = topic;
  }
  return queues;
}

}  // namespace rocketmq::client

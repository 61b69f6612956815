// ProducerCore: request and reply.

#include <atomic>
#include <memory>
#include <set>
#include <utility>

#include "client/instance/bounded_timeout.h"
#include "client/producer/producer_core.h"
#include "client/producer/waiting_caller.h"
#include "common/message/message_id.h"
#include "common/message/properties.h"

namespace rocketmq::client {

using std::chrono::milliseconds;

namespace {

// RocketMQ: DefaultMQProducerImpl.waitResponse, which also tells a request that was taken from one
// that was not. `timeout`: as the application gave it, of which the send has used a part.
ClientError noReply(const std::string& topic, bool sent, milliseconds timeout) {
  const std::string limit = std::to_string(timeout.count()) + " ms.";
  if (sent) {
    return {ClientError::Kind::kReplyTimeout,
            ClientErrorCode::kRequestTimeout,
            "send request message to <" + topic + "> OK, but wait reply message timeout, " + limit,
            {}};
  }
  return {
      ClientError::Kind::kTimeout,
      ClientErrorCode::kAccessBrokerTimeout,
      "send request message to <" + topic + "> fail: no broker has confirmed it within " + limit,
      {}};
}

milliseconds timeUntil(std::chrono::steady_clock::time_point deadline) {
  return boundedTimeout(
      std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()));
}

}  // namespace

std::string ProducerCore::makeRequest(Message& message, milliseconds timeout) const {
  std::string id = newUniqueId().toString();
  message.putProperty(property::kCorrelationId, id);
  message.putProperty(property::kReplyToClient, clientId());
  message.putProperty(property::kTtl, std::to_string(timeout.count()));
  return id;
}

// The reply comes through any broker of the cluster's reply topic, on the connection that this
// client's heartbeats belong to: those brokers must have heard one on it before. This takes half of
// the time at most, so that a broker that does not answer costs time and not the request.
void ProducerCore::greetBrokersOf(const std::string& topic, Clock::time_point deadline) {
  const auto now = Clock::now();
  if (now >= deadline) {
    return;
  }
  const auto until = now + (deadline - now) / 2;
  const Outcome<TopicRoutePtr> route =
      instance_->findPublishRouteSync(topic, topicTemplate(), until);
  if (!route.ok()) {
    return;
  }
  std::set<std::string> topics{topic};
  for (const model::BrokerData& broker : route.value()->data.broker_datas) {
    const std::string reply_topic = replyTopicOf(broker.cluster);
    if (topics.insert(reply_topic).second && instance_->routes().find(reply_topic) == nullptr) {
      static_cast<void>(instance_->fetchRouteSync(reply_topic, until));
    }
  }
  instance_->greetMastersOf(topics, until);
}

std::optional<ClientError> ProducerCore::beginRequest(const std::string& id,
                                                      const SendCallPtr& call,
                                                      const RequestTime& time,
                                                      PendingRequests::Done done) {
  PendingRequests& requests = instance_->requests();
  const std::string topic = call->outgoing.header.topic;
  auto sent = std::make_shared<std::atomic<bool>>(false);
  call->done = [&requests, id, sent](const SendCallPtr& call_done) {
    sent->store(call_done->outcome->ok());
    if (!call_done->outcome->ok()) {
      requests.finish(id, call_done->outcome->error());
    }
  };
  PendingRequests::Limit limit{time.deadline, [topic, sent, timeout = time.timeout] {
                                 return noReply(topic, sent->load(), timeout);
                               }};
  if (!requests.add(id, this, guard_, std::move(limit), std::move(done))) {
    return ClientError::client("too many requests wait for their reply: " +
                               std::to_string(PendingRequests::kRequestsMax));
  }
  if (!in_flight_.add(call)) {
    // Else the shutdown has ended it already.
    return requests.remove(id) ? std::optional(shutDown()) : std::nullopt;
  }
  begin(call);
  return std::nullopt;
}

Outcome<Message> ProducerCore::requestSync(const std::string& id, OutgoingMessage outgoing,
                                           SendTarget target, milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  greetBrokersOf(outgoing.header.topic, deadline);
  const SendCallPtr call =
      makeCall(std::move(outgoing), std::move(target), SendMode::kAsync, timeUntil(deadline));
  auto caller = std::make_shared<WaitingCaller<Outcome<Message>>>();
  if (auto* selected = std::get_if<SelectedQueue>(&call->target)) {
    selected->run = [caller](std::function<void()> choice) { caller->run(std::move(choice)); };
  }
  if (std::optional<ClientError> error = beginRequest(
          id, call, {deadline, timeout},
          [caller](Outcome<Message> outcome) { caller->finish(std::move(outcome)); })) {
    return std::move(*error);
  }
  Outcome<Message> outcome = caller->wait();
  static_cast<void>(call->takeSelector());  // It ends here, not with what the event loop holds.
  return outcome;
}

void ProducerCore::requestAsync(const std::string& id, OutgoingMessage outgoing, SendTarget target,
                                milliseconds timeout, RequestCallback callback) {
  const auto deadline = Clock::now() + timeout;
  const int64_t bytes = outgoing.bytes();
  const InFlightSends::Admission admission = admit(bytes, deadline);
  if (admission != InFlightSends::Admission::kAdmitted) {
    throwError(admission == InFlightSends::Admission::kFull ? tooMany() : shutDown());
  }
  greetBrokersOf(outgoing.header.topic, deadline);
  const SendCallPtr call =
      makeCall(std::move(outgoing), std::move(target), SendMode::kAsync, timeUntil(deadline));
  // A request keeps its place until it has its outcome: callbacks are never more than places. What
  // the application's functions hold ends on the pool, not on the event loop.
  auto done = [this, call, callback = std::move(callback),
               bytes](Outcome<Message> outcome) mutable {
    outcomes_.add(
        [this, call, callback = std::move(callback), bytes, outcome = std::move(outcome)] {
          in_flight_.release(bytes);
          const std::optional<MessageQueueSelector> unused = call->takeSelector();
          if (outcome.ok()) {
            if (callback.on_success) {
              callback.on_success(outcome.value());
            }
          } else if (callback.on_exception) {
            withException(outcome.error(), callback.on_exception);
          }
        });
  };
  if (const std::optional<ClientError> error =
          beginRequest(id, call, {deadline, timeout}, std::move(done))) {
    in_flight_.release(bytes);
    throwError(*error);
  }
}

}  // namespace rocketmq::client

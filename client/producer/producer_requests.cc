// ProducerCore: request and reply.

#include <utility>

#include "client/producer/producer_core.h"
#include "client/producer/waiting_caller.h"
#include "common/message/message_id.h"
#include "common/message/properties.h"

namespace rocketmq::client {

using std::chrono::milliseconds;

std::string ProducerCore::makeRequest(Message& message, milliseconds timeout) const {
  std::string id = newUniqueId().toString();
  message.putProperty(property::kCorrelationId, id);
  message.putProperty(property::kReplyToClient, clientId());
  message.putProperty(property::kTtl, std::to_string(timeout.count()));
  return id;
}

// The reply comes through the broker that took the request, on the connection that its heartbeats
// belong to: the broker must have heard one before.
void ProducerCore::greetBrokersOf(const std::string& topic, Clock::time_point deadline) {
  if (instance_->routes().find(topic) == nullptr &&
      instance_->fetchRouteSync(topic, deadline).ok()) {
    instance_->heartbeatAndWait(deadline);
  }
}

std::optional<ClientError> ProducerCore::beginRequest(const std::string& id,
                                                      OutgoingMessage outgoing, SendTarget target,
                                                      milliseconds timeout,
                                                      PendingRequests::Done done) {
  PendingRequests& requests = instance_->requests();
  const std::string topic = outgoing.header.topic;
  const SendCallPtr call =
      makeCall(std::move(outgoing), std::move(target), SendMode::kAsync, timeout);
  call->done = [&requests, id](Outcome<SendResult>&& outcome) {
    if (!outcome.ok()) {
      requests.finish(id, outcome.error());
    }
  };
  if (!requests.add(id, this, std::move(done))) {
    return ClientError::client("too many requests wait for their reply: " +
                               std::to_string(PendingRequests::kRequestsMax));
  }
  if (!in_flight_.add(call)) {
    // Else the shutdown has ended it already.
    return requests.remove(id) ? std::optional(shutDown()) : std::nullopt;
  }
  instance_->timers().after(timeout, guard_.wrap([&requests, id, topic, timeout] {
    requests.finish(id, ClientError{ClientError::Kind::kReplyTimeout,
                                    ClientErrorCode::kRequestTimeout,
                                    "send request message to <" + topic +
                                        "> OK, but wait reply message timeout, " +
                                        std::to_string(timeout.count()) + " ms.",
                                    {}});
  }));
  begin(call);
  return std::nullopt;
}

Outcome<Message> ProducerCore::requestSync(const std::string& id, OutgoingMessage outgoing,
                                           SendTarget target, milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  greetBrokersOf(outgoing.header.topic, deadline);
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
  auto caller = std::make_shared<WaitingCaller<Outcome<Message>>>();
  if (auto* selected = std::get_if<SelectedQueue>(&target)) {
    selected->run = [caller](std::function<void()> choice) { caller->run(std::move(choice)); };
  }
  const std::optional<ClientError> error =
      beginRequest(id, std::move(outgoing), std::move(target), std::max(left, milliseconds(1)),
                   [caller](Outcome<Message> outcome) { caller->finish(std::move(outcome)); });
  return error ? Outcome<Message>(*error) : caller->wait();
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
  // A request keeps its place until it has its outcome: callbacks are never more than places.
  const auto done = [this, callback = std::move(callback), bytes](Outcome<Message> outcome) {
    outcomes_.add([this, callback, bytes, outcome = std::move(outcome)] {
      in_flight_.release(bytes);
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
          beginRequest(id, std::move(outgoing), std::move(target), timeout, done)) {
    in_flight_.release(bytes);
    throwError(*error);
  }
}

}  // namespace rocketmq::client

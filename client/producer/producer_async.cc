// ProducerCore: asynchronous sends, their places and their callbacks.

#include <memory>
#include <utility>

#include "client/producer/producer_core.h"

namespace rocketmq::client {

void ProducerCore::sendAsync(OutgoingMessage&& outgoing, SendTarget&& target, SendCallback callback,
                             std::chrono::milliseconds timeout) {
  const int64_t bytes = outgoing.bytes();
  const SendCallPtr call =
      makeCall(std::move(outgoing), std::move(target), SendMode::kAsync, timeout);
  const InFlightSends::Admission admission = admit(bytes, call->deadline);
  if (admission == InFlightSends::Admission::kFull) {
    refuse(callback, tooMany());
    return;
  }
  if (admission == InFlightSends::Admission::kClosed) {
    throwError(shutDown());
  }
  call->callback = std::move(callback);
  call->done = [this](const SendCallPtr& done) { tellApplication(done, in_flight_); };
  if (!in_flight_.add(call)) {
    in_flight_.release(bytes);
    throwError(shutDown());
  }
  begin(call);
}

InFlightSends::Admission ProducerCore::admit(int64_t bytes, Clock::time_point until) {
  return callbacks_.onOwnThread()
             ? in_flight_.admitFromCallback(bytes)
             : in_flight_.admit(bytes, config_.async_send_waits ? until : Clock::now());
}

ClientError ProducerCore::tooMany() const {
  return ClientError::client("too many asynchronous sends in flight: more than " +
                             std::to_string(config_.async_in_flight_max) + " messages or " +
                             std::to_string(config_.async_in_flight_bytes_max) + " bytes");
}

// The callback of a refused send takes a place of its own, so that a caller who does not listen to
// refusals cannot pile them up without end. It is not waited for: the send has had its time.
void ProducerCore::refuse(const SendCallback& callback, ClientError error) {
  const InFlightSends::Admission admission =
      callbacks_.onOwnThread() ? refused_.admitFromCallback(0) : refused_.admit(0, Clock::now());
  if (admission != InFlightSends::Admission::kAdmitted) {
    throwError(error);
  }
  const auto call = std::make_shared<SendCall>();
  call->callback = callback;
  call->outcome.emplace(std::move(error));
  if (!guard_.run([&] { tellApplication(call, refused_); })) {
    throwError(shutDown());
  }
}

void ProducerCore::tellApplication(const SendCallPtr& call, InFlightSends& places) {
  outcomes_.add([call, &places] {
    // Given back first: the callback may send again.
    places.release(call->outgoing.bytes());
    // What the application's functions hold ends here, not on the event loop.
    const SendCallback callback = std::move(call->callback);
    const std::optional<MessageQueueSelector> unused = call->takeSelector();
    const Outcome<SendResult>& outcome = *call->outcome;
    if (outcome.ok()) {
      if (callback.on_success) {
        callback.on_success(outcome.value());
      }
    } else if (callback.on_exception) {
      withException(outcome.error(), callback.on_exception);
    }
  });
}

}  // namespace rocketmq::client

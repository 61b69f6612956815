#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "client/instance/client_error.h"
#include "client/instance/topic_route.h"
#include "client/producer/in_flight.h"
#include "client/producer/outgoing_message.h"
#include "client/producer/retry_policy.h"
#include "remoting/unique_function.h"
#include "rocketmq/default_mq_producer.h"

namespace rocketmq::client {

/// Where a message goes.
struct AnyQueue {};
struct SelectedQueue {
  MessageQueueSelector selector;
  /// What the selector gets to see.
  Message message;
  /// Gets the choice to run on a thread of the application's, when the route came too late for the
  /// caller's own. Empty: the callback pool does it.
  std::function<void(std::function<void()>)> run = nullptr;
};
using SendTarget = std::variant<AnyQueue, MessageQueue, SelectedQueue>;

/// One send from the call to its outcome, over all tries. Touched by one thread at a time: first
/// the caller's, then the event loop's; only `finished` and what goes with it are shared.
struct SendCall {
  OutgoingMessage outgoing;
  SendTarget target;
  /// The target is a selector that nobody has taken yet.
  std::atomic<bool> has_selector{false};
  SendMode mode = SendMode::kSync;
  int32_t retries_max = 0;
  std::chrono::steady_clock::time_point deadline;
  /// Gets the call when it has its outcome, exactly once, on any thread; must not block.
  remoting::UniqueFunction<void(const SendCallPtr&)> done;
  /// What the application wants to hear of an asynchronous send.
  SendCallback callback;

  TopicRoutePtr route;
  int32_t attempts_made = 0;
  MessageQueue queue;       ///< Of the current attempt; topic as brokers know it.
  std::string address;      ///< Of the broker that has this queue.
  std::string last_broker;  ///< Of the attempt before.
  std::chrono::steady_clock::time_point attempt_start;
  /// A broker has stored the message, but less safely than its mode promises, and another one is
  /// being tried.
  std::unique_ptr<SendResult> stored_somehow;
  /// Why the attempt before has failed; null in the first one.
  std::unique_ptr<ClientError> last_failure;

  std::atomic<bool> finished{false};
  /// Set by who sets `finished`, before done().
  std::optional<Outcome<SendResult>> outcome;
  std::optional<size_t> place;  ///< Guarded by InFlightSends.

  /// The selector, for the first who asks: whatever a call comes to, what the application has given
  /// ends on a thread of the application's. Nullopt when there is none, or none any more; only who
  /// gets it may give the call another target.
  std::optional<MessageQueueSelector> takeSelector() {
    return has_selector.load() && has_selector.exchange(false)
               ? std::optional(std::move(std::get<SelectedQueue>(target).selector))
               : std::nullopt;
  }

  bool queueFixed() const { return !std::holds_alternative<AnyQueue>(target); }
};

/// The queue for the next attempt: in turn, but of another broker than `last_broker` when there is
/// one, and of one that `is_available` likes when there is one. Nullptr without queues.
const MessageQueue* chooseQueue(const std::vector<MessageQueue>& queues, uint32_t turn,
                                const std::string& last_broker,
                                const std::function<bool(const std::string&)>& is_available);

/// The SendResult for a broker's answer that means "stored". `message_id`: the call's, which it may
/// give up.
SendResult makeSendResult(const SendCall& call, std::string message_id, SendStatus status,
                          const remoting::SendMessageReply& reply, const std::string& name_space);

/// The status that a response code stands for; nullopt for a refusal.
std::optional<SendStatus> sendStatusOf(remoting::ResponseCode code);

}  // namespace rocketmq::client

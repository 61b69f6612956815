#pragma once

#include <memory>
#include <utility>

#include "broker/send/send_gate.h"
#include "broker/send/store_guarantee.h"
#include "remoting/answer.h"
#include "remoting/protocol/codes.h"
#include "remoting/router.h"

namespace rocketmq::broker {

/// What a client is told whose record is stored, but did not become as safe in time as the settings
/// promise.
enum class WhenUnsafe : uint8_t {
  kSay,      ///< FLUSH_DISK_TIMEOUT, FLUSH_SLAVE_TIMEOUT or SLAVE_NOT_AVAILABLE.
  kSucceed,  ///< RocketMQ parity: where these mean failure, a repeat would store it twice.
};

/// Adds to the answer for a stored record what became of its safety.
template <class Reply>
void tellSafety(remoting::Answer<Reply>& answer, StoreGuarantee::Outcome safety, WhenUnsafe how) {
  const bool is_said = how == WhenUnsafe::kSay && safety.code != remoting::ResponseCode::kSuccess;
  if (is_said || !safety.isStored()) {
    answer.code = safety.code;
    answer.remark = std::move(safety.remark);
  }
  if (!safety.isStored()) {
    answer.header.reset();
  }
}

/// Where answers wait for the safety of what they tell. Borrowed.
struct FinishParts {
  StoreGuarantee& guarantee;
  SendGate& gate;
};

/// A request whose record is stored and whose answer has to wait.
template <class C>
struct WaitingAnswer {
  WaitingAnswer(remoting::Responder<C> unanswered, SendGate& gate)
      : responder(std::move(unanswered)), wait(gate) {}

  remoting::Responder<C> responder;
  SendGate::Wait wait;
};

/// Answers now, or when everything below the outcome's `safe_up_to` is as safe as the settings
/// promise. Never blocks.
template <class C, class Outcome>
void finish(const FinishParts& parts, Outcome outcome, remoting::Responder<C> responder,
            WhenUnsafe how) {
  if (outcome.safe_up_to == 0 || responder.isOneway()) {
    responder(std::move(outcome.answer));
    return;
  }
  parts.guarantee.whenSafe(outcome.safe_up_to, [how, answer = std::move(outcome.answer),
                                                waiting = std::make_shared<WaitingAnswer<C>>(
                                                    std::move(responder), parts.gate)](
                                                   StoreGuarantee::Outcome safety) mutable {
    tellSafety(answer, std::move(safety), how);
    waiting->responder(std::move(answer));
  });
}

}  // namespace rocketmq::broker

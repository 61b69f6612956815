#pragma once

#include <cstdint>

#include "client/instance/client_error.h"
#include "remoting/protocol/codes.h"

namespace rocketmq::client {

/// True for the answers after which a send is tried on another broker (RocketMQ 5.3:
/// DefaultMQProducer.retryResponseCodes).
bool isRetryableAnswer(remoting::ResponseCode code);

/// What a producer does after one attempt of a send failed.
enum class AfterFailure : uint8_t {
  kGiveUp,    ///< The caller gets the error.
  kTryAgain,  ///< On another broker if there is one, else, and when the queue is fixed, on the
              ///< same.
};

/// Who waits for a send. Asynchronous sends, unlike synchronous ones, do not repeat what a broker
/// has refused.
enum class SendMode : uint8_t { kSync, kAsync, kOneway };

struct FailedAttempt {
  SendMode mode = SendMode::kSync;
  /// The caller named the queue, or a selector did: there is no other broker to go to.
  bool queue_fixed = false;
  int32_t attempts_made = 1;
  int32_t retries_max = 2;
  bool time_left = true;
};

AfterFailure decideAfterFailure(const FailedAttempt& attempt, const ClientError& error);

}  // namespace rocketmq::client

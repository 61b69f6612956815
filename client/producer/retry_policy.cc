#include "client/producer/retry_policy.h"

#include <algorithm>
#include <array>

namespace rocketmq::client {

using remoting::ResponseCode;

bool isRetryableAnswer(ResponseCode code) {
  // Not SYSTEM_BUSY, as in RocketMQ 4: who is asked to send less must not send more.
  // The last three have no name of their own here: NO_BUYER_ID, NOT_IN_CURRENT_UNIT, GO_AWAY.
  static constexpr std::array<int32_t, 7> kRetryable{
      static_cast<int32_t>(ResponseCode::kSystemError),
      static_cast<int32_t>(ResponseCode::kServiceNotAvailable),
      static_cast<int32_t>(ResponseCode::kNoPermission),
      static_cast<int32_t>(ResponseCode::kTopicNotExist),
      204,
      205,
      1500};
  return std::find(kRetryable.begin(), kRetryable.end(), static_cast<int32_t>(code)) !=
         kRetryable.end();
}

AfterFailure decideAfterFailure(const FailedAttempt& attempt, const ClientError& error) {
  // RocketMQ parity: an asynchronous send to a queue that was named is repeated on that queue, a
  // synchronous one is left to its caller.
  const bool may_repeat =
      attempt.mode == SendMode::kAsync || (attempt.mode == SendMode::kSync && !attempt.queue_fixed);
  if (!may_repeat || !attempt.time_left || attempt.attempts_made > attempt.retries_max) {
    return AfterFailure::kGiveUp;
  }
  switch (error.kind) {
    case ClientError::Kind::kClient:
    case ClientError::Kind::kReplyTimeout:
      return AfterFailure::kGiveUp;
    case ClientError::Kind::kBroker:
      return attempt.mode == SendMode::kSync &&
                     isRetryableAnswer(static_cast<ResponseCode>(error.code))
                 ? AfterFailure::kTryAgain
                 : AfterFailure::kGiveUp;
    case ClientError::Kind::kRemoting:
    case ClientError::Kind::kTimeout:
      return AfterFailure::kTryAgain;
  }
  return AfterFailure::kGiveUp;
}

}  // namespace rocketmq::client

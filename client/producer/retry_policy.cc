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
  if (attempt.queue_fixed || attempt.mode == SendMode::kOneway || !attempt.time_left ||
      attempt.attempts_made > attempt.retries_max) {
    return AfterFailure::kGiveUp;
  }
  switch (error.kind) {
    case ClientError::Kind::kClient:
    case ClientError::Kind::kReplyTimeout:
      return AfterFailure::kGiveUp;
    case ClientError::Kind::kBroker:
      return attempt.mode == SendMode::kSync &&
                     isRetryableAnswer(static_cast<ResponseCode>(error.code))
                 ? AfterFailure::kAnotherBroker
                 : AfterFailure::kGiveUp;
    case ClientError::Kind::kRemoting:
    case ClientError::Kind::kTimeout:
      return AfterFailure::kAnotherBroker;
  }
  return AfterFailure::kGiveUp;
}

}  // namespace rocketmq::client

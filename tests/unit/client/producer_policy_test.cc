#include <gtest/gtest.h>

#include <chrono>
#include <semaphore>
#include <thread>
#include <utility>

#include "client/producer/latency_fault.h"
#include "client/producer/retry_policy.h"
#include "client/producer/send_call.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;

ClientError brokerError(int32_t code) {
  return ClientError::broker(static_cast<remoting::ResponseCode>(code), "remark", "b:1");
}
const ClientError kNoConnection{ClientError::Kind::kRemoting, 10001, "refused", {}};
const ClientError kTimeout{ClientError::Kind::kTimeout, 10002, "late", {}};

bool retries(const FailedAttempt& attempt, const ClientError& error) {
  return decideAfterFailure(attempt, error) == AfterFailure::kTryAgain;
}

TEST(RetryPolicyTest, SyncSendsRepeatTheAnswersOfRocketMq53ButNotFlowControl) {
  const std::set<int32_t> retryable{1, 14, 16, 17, 204, 205, 1500};
  for (int32_t code = 1; code <= 3100; ++code) {
    EXPECT_EQ(retries({.mode = SendMode::kSync}, brokerError(code)), retryable.contains(code))
        << code;
  }
}

TEST(RetryPolicyTest, AsyncSendsRepeatConnectionFailuresButNoRefusals) {
  EXPECT_TRUE(retries({.mode = SendMode::kAsync}, kNoConnection));
  EXPECT_TRUE(retries({.mode = SendMode::kAsync}, kTimeout));
  EXPECT_FALSE(retries({.mode = SendMode::kAsync}, brokerError(2)));
}

TEST(RetryPolicyTest, OfSendsToANamedQueueOnlyAsynchronousOnesAreRepeated) {
  EXPECT_FALSE(retries({.mode = SendMode::kSync, .queue_fixed = true}, kNoConnection));
  EXPECT_TRUE(retries({.mode = SendMode::kAsync, .queue_fixed = true}, kNoConnection));
  EXPECT_FALSE(retries({.mode = SendMode::kAsync, .queue_fixed = true}, brokerError(1)));
}

TEST(RetryPolicyTest, NothingIsRepeatedWithoutReason) {
  EXPECT_FALSE(retries({.mode = SendMode::kOneway}, kNoConnection));
  EXPECT_FALSE(retries({.time_left = false}, kNoConnection));
  EXPECT_FALSE(retries({}, ClientError::client("wrong use")));
  EXPECT_TRUE(retries({.attempts_made = 2, .retries_max = 2}, kNoConnection));
  EXPECT_FALSE(retries({.attempts_made = 3, .retries_max = 2}, kNoConnection));
  EXPECT_FALSE(retries({.attempts_made = 1, .retries_max = 0}, kNoConnection));
}

TEST(LatencyFaultTest, DurationsAreThoseOfRocketMq53) {
  const std::vector<std::pair<int, int>> table{
      {0, 0},       {49, 0},      {100, 0},       {549, 0},         {550, 2000},     {1799, 2000},
      {1800, 5000}, {3000, 6000}, {5000, 10'000}, {15'000, 30'000}, {99'999, 30'000}};
  for (const auto& [cost, duration] : table) {
    EXPECT_EQ(notAvailableDuration(milliseconds(cost)), milliseconds(duration)) << cost;
  }
  EXPECT_EQ(notAvailableDuration(kFailedSendCost), milliseconds(10'000));
}

TEST(LatencyFaultTest, ASlowBrokerIsLeftAloneForAWhileAndAFastSendBringsItBack) {
  ManualClock clock;
  LatencyFault fault(clock);
  EXPECT_TRUE(fault.isAvailable("b"));
  fault.record("b", milliseconds(600));
  EXPECT_FALSE(fault.isAvailable("b"));
  EXPECT_TRUE(fault.isAvailable("other"));
  clock.advance(milliseconds(1999));
  EXPECT_FALSE(fault.isAvailable("b"));
  clock.advance(milliseconds(1));
  EXPECT_TRUE(fault.isAvailable("b"));
  fault.record("b", kFailedSendCost);
  fault.record("b", milliseconds(5));
  EXPECT_TRUE(fault.isAvailable("b"));
}

const std::vector<MessageQueue> kQueues{{"T", "a", 0}, {"T", "a", 1}, {"T", "b", 0}, {"T", "b", 1}};

TEST(ChooseQueueTest, TakesTurnsOverAllQueues) {
  for (uint32_t turn = 0; turn < 8; ++turn) {
    EXPECT_EQ(chooseQueue(kQueues, turn, "", nullptr), &kQueues[turn % 4]);
  }
  EXPECT_EQ(chooseQueue({}, 3, "", nullptr), nullptr);
}

TEST(ChooseQueueTest, ARetryPrefersAnotherBroker) {
  for (uint32_t turn = 0; turn < 8; ++turn) {
    EXPECT_EQ(chooseQueue(kQueues, turn, "a", nullptr)->broker_name, "b");
  }
  const std::vector<MessageQueue> only_a{{"T", "a", 0}};
  EXPECT_EQ(chooseQueue(only_a, 5, "a", nullptr)->broker_name, "a");
}

TEST(ChooseQueueTest, AnAvailableBrokerBeatsAnotherBroker) {
  const auto only_a = [](const std::string& broker) { return broker == "a"; };
  const auto none = [](const std::string&) { return false; };
  for (uint32_t turn = 0; turn < 8; ++turn) {
    EXPECT_EQ(chooseQueue(kQueues, turn, "", only_a)->broker_name, "a");
    EXPECT_EQ(chooseQueue(kQueues, turn, "a", only_a)->broker_name, "a");
    EXPECT_EQ(chooseQueue(kQueues, turn, "a", none)->broker_name, "b");
  }
}

TEST(InFlightSendsTest, WhoWaitsIsAdmittedOnceAQuarterIsFree) {
  for (const int64_t max : {1, 2, 3, 4, 8, 100}) {
    InFlightSends sends({.sends_max = max, .bytes_max = 1000});
    const auto far = std::chrono::steady_clock::now() + std::chrono::hours(1);
    for (int64_t i = 0; i < max; ++i) {
      ASSERT_EQ(sends.admit(1, far), InFlightSends::Admission::kAdmitted);
    }
    std::jthread waiter(
        [&] { EXPECT_EQ(sends.admit(1, far), InFlightSends::Admission::kAdmitted); });
    for (int64_t i = 0; i < (max + 3) / 4; ++i) {
      sends.release(1);
    }
  }
}

// Promise: nobody waits for long while places are free: sends to a broker that does not answer hold
// most of them, so that a quarter of the bound is never free.
TEST(InFlightSendsTest, WhoWaitsGoesOnWithTheFewPlacesThatAreLeft) {
  constexpr int kStuck = 95;
  constexpr int kSends = 100;
  for (const auto& [sends_max, bytes_max] : {std::pair{100, 1'000'000}, std::pair{1000, 100}}) {
    InFlightSends sends({.sends_max = sends_max, .bytes_max = bytes_max});
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    for (int i = 0; i < kStuck; ++i) {
      ASSERT_EQ(sends.admit(1, end), InFlightSends::Admission::kAdmitted);
    }
    std::counting_semaphore<kSends> admitted(0);
    std::jthread answers([&] {
      for (int i = 0; i < kSends; ++i) {
        admitted.acquire();
        sends.release(1);
      }
    });
    for (int i = 0; i < kSends; ++i) {
      EXPECT_EQ(sends.admit(1, end), InFlightSends::Admission::kAdmitted);
      admitted.release();
    }
    EXPECT_LT(std::chrono::steady_clock::now(), end);
  }
}

TEST(InFlightSendsTest, AdmitsUpToItsBoundsAndAnOversizedSendOnlyAlone) {
  InFlightSends sends({.sends_max = 2, .bytes_max = 100});
  const auto now = std::chrono::steady_clock::now();
  using Admission = InFlightSends::Admission;
  EXPECT_EQ(sends.admit(500, now), Admission::kAdmitted);
  EXPECT_EQ(sends.admit(1, now), Admission::kFull);
  sends.release(500);
  EXPECT_EQ(sends.admit(60, now), Admission::kAdmitted);
  EXPECT_EQ(sends.admit(60, now), Admission::kFull);
  EXPECT_EQ(sends.admit(40, now), Admission::kAdmitted);
  EXPECT_EQ(sends.admit(0, now), Admission::kFull);
  EXPECT_EQ(sends.admitFromCallback(0), Admission::kAdmitted);
  EXPECT_EQ(sends.admitFromCallback(1000), Admission::kFull);
  sends.close();
  EXPECT_EQ(sends.admit(0, now), Admission::kClosed);
}

}  // namespace
}  // namespace rocketmq::client

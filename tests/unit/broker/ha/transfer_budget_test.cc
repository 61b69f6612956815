#include "broker/ha/transfer_budget.h"

#include <gtest/gtest.h>

#include <optional>

namespace rocketmq::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(TransferBudgetTest, NoMoreThanTheLimitGoesThroughOverTime) {
  auto now = std::chrono::steady_clock::now();
  const auto begin = now;
  TransferBudget budget(now);
  int64_t sent = 0;
  while (now < begin + seconds(10)) {
    const milliseconds pause = budget.pause(now, 1'000'000);
    now += pause;
    if (pause.count() == 0) {
      budget.spend(30'000);
      sent += 30'000;
    }
  }
  EXPECT_GE(sent, 9'500'000);
  EXPECT_LE(sent, 10'200'000);
}

TEST(TransferBudgetTest, WhatWasTakenTooMuchIsWaitedForHoweverLong) {
  auto now = std::chrono::steady_clock::now();
  const auto begin = now;
  TransferBudget budget(now);
  ASSERT_EQ(budget.pause(now, 1000), milliseconds(0));
  budget.spend(30'000);
  for (auto wait = budget.pause(now, 1000); wait.count() > 0; wait = budget.pause(now, 1000)) {
    EXPECT_LE(wait, milliseconds(1001)) << "a new limit counts soon";
    now += wait;
  }
  EXPECT_GE(now - begin, milliseconds(29'900));
  EXPECT_LE(now - begin, milliseconds(30'200));
}

TEST(TransferBudgetTest, WhatWentWithoutALimitIsForgotten) {
  const auto now = std::chrono::steady_clock::now();
  TransferBudget budget(now);
  budget.spend(1'000'000'000);
  EXPECT_EQ(budget.pause(now, 1000), milliseconds(0));
  budget.spend(1'000'000);
  EXPECT_GT(budget.pause(now, 1000), milliseconds(0));
  EXPECT_EQ(budget.pause(now, std::nullopt), milliseconds(0));
  budget.spend(1'000'000);
  EXPECT_EQ(budget.pause(now, 1000), milliseconds(0));
}

}  // namespace
}  // namespace rocketmq::broker

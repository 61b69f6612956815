#include "broker/group/reset_steps.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <set>

namespace rocketmq::broker {
namespace {

TEST(ResetStepsTest, StepsGoWithTheirConnectionAndWithTheirReset) {
  ResetSteps steps;
  PendingReset one;
  PendingReset other;
  for (PendingReset* const reset : {&one, &other}) {
    EXPECT_TRUE(steps.set(*reset, 1, ResetStep::kTold));
    EXPECT_TRUE(steps.set(*reset, 2, ResetStep::kCommitted));
  }
  EXPECT_TRUE(steps.set(one, 1, ResetStep::kThere));
  EXPECT_EQ(steps.size(), 4u);

  steps.forgetConnection(1);
  steps.forgetConnection(3);
  EXPECT_EQ(steps.size(), 2u);
  EXPECT_EQ(ResetSteps::of(one, 1), std::nullopt);
  EXPECT_EQ(ResetSteps::of(other, 2), ResetStep::kCommitted);

  steps.clear(one);
  EXPECT_EQ(steps.size(), 1u);
  EXPECT_EQ(ResetSteps::of(one, 2), std::nullopt);
  steps.forgetConnection(2);
  EXPECT_EQ(steps.size(), 0u);
}

TEST(ResetStepsTest, ConnectionsThatAreAskedAreKeptOnceForAllResets) {
  ResetSteps steps;
  PendingReset one{.offset = 0, .asked = steps.ask({1, 2}, nullptr), .steps = {}};
  PendingReset other{.offset = 0, .asked = steps.ask({1, 2}, one.asked), .steps = {}};
  EXPECT_EQ(one.asked, other.asked);
  EXPECT_EQ(steps.size(), 2u);
  EXPECT_EQ(ResetSteps::of(other, 2), ResetStep::kAsked);
  EXPECT_EQ(ResetSteps::of(other, 3), std::nullopt);
  other.asked = steps.ask({1, 3}, one.asked);
  EXPECT_EQ(ResetSteps::of(other, 3), ResetStep::kAsked);
  EXPECT_EQ(steps.size(), 4u);
  one.asked = nullptr;
  other.asked = steps.ask({}, other.asked);
  EXPECT_EQ(other.asked, nullptr);
  EXPECT_EQ(steps.size(), 0u);
}

TEST(ResetStepsTest, NoMoreAreKeptThanTheBoundSays) {
  ResetSteps steps;
  std::set<uint64_t> many;
  for (uint64_t id = 1; id < ResetSteps::kStepsMax; ++id) {
    many.insert(many.end(), id);
  }
  const AskedConnectionsPtr asked = steps.ask(many, nullptr);
  ASSERT_NE(asked, nullptr);
  EXPECT_EQ(steps.ask({1, 2}, asked), nullptr);
  PendingReset reset;
  EXPECT_TRUE(steps.set(reset, 1, ResetStep::kTold));
  EXPECT_FALSE(steps.set(reset, 2, ResetStep::kTold));
  EXPECT_TRUE(steps.set(reset, 1, ResetStep::kThere)) << "no new one";
  EXPECT_EQ(steps.size(), ResetSteps::kStepsMax);
}

}  // namespace
}  // namespace rocketmq::broker

#include "broker/schedule/delay_levels.h"

#include <gtest/gtest.h>

namespace rocketmq::broker {
namespace {

TEST(DelayLevelsTest, ReadsRocketMqsOwnTable) {
  const auto levels =
      DelayLevels::parse("1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h");
  ASSERT_TRUE(levels.ok());
  EXPECT_EQ(levels->max(), 18);
  EXPECT_EQ(levels->delayMs(1), 1000);
  EXPECT_EQ(levels->delayMs(3), 10'000);
  EXPECT_EQ(levels->delayMs(5), 60'000);
  EXPECT_EQ(levels->delayMs(18), 7'200'000);
}

TEST(DelayLevelsTest, LevelsBeyondTheTableMeanTheLast) {
  const auto levels = DelayLevels::parse(" 1s  1d ");
  ASSERT_TRUE(levels.ok());
  EXPECT_EQ(levels->clip(1), 1);
  EXPECT_EQ(levels->clip(2), 2);
  EXPECT_EQ(levels->clip(99), 2);
  EXPECT_EQ(levels->delayMs(2), 86'400'000);
}

TEST(DelayLevelsTest, ABadEntryIsNamed) {
  for (const char* text : {"1s 5", "s", "1x", "-1s", "1.5h", "1s,5s", "99999999999d", "1s 5S"}) {
    const auto levels = DelayLevels::parse(text);
    EXPECT_FALSE(levels.ok()) << text;
  }
  EXPECT_NE(DelayLevels::parse("1s 5q").status().message().find("5q"), std::string::npos);
  EXPECT_FALSE(DelayLevels::parse("").ok());
  EXPECT_FALSE(DelayLevels::parse("  ").ok());
}

}  // namespace
}  // namespace rocketmq::broker

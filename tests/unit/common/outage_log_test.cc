#include "common/outage_log.h"

#include <gtest/gtest.h>

namespace rocketmq {
namespace {

TEST(OutageLogTest, TellsTheFirstOfEachThingAndThenOneAMinute) {
  OutageLog log;
  const OutageLog::TimePoint begin{std::chrono::hours(1)};
  EXPECT_TRUE(log.admit("a", begin));
  EXPECT_TRUE(log.admit("b", begin + std::chrono::seconds(1)));
  EXPECT_FALSE(log.admit("a", begin + std::chrono::seconds(59)));
  EXPECT_TRUE(log.admit("a", begin + std::chrono::seconds(60)));
  EXPECT_FALSE(log.admit("b", begin + std::chrono::seconds(60)));
  log.end("b");
  EXPECT_TRUE(log.admit("b", begin + std::chrono::seconds(60)));
}

}  // namespace
}  // namespace rocketmq

#include "common/log_limiter.h"

#include <gtest/gtest.h>

namespace rocketmq {
namespace {

// Promise: so many lines a second, and the next one says how many were left out.
TEST(LogLimiterTest, CountsWhatItLeavesOut) {
  LogLimiter limiter(2);
  const LogLimiter::TimePoint begin{std::chrono::hours(1)};
  EXPECT_EQ(limiter.admit(begin), 0);
  EXPECT_EQ(limiter.admit(begin), 0);
  EXPECT_EQ(limiter.admit(begin), std::nullopt);
  EXPECT_EQ(limiter.admit(begin + std::chrono::milliseconds(999)), std::nullopt);
  EXPECT_EQ(limiter.admit(begin + std::chrono::milliseconds(1000)), 2);
  EXPECT_EQ(limiter.admit(begin + std::chrono::milliseconds(1000)), 0);
}

TEST(LogLimiterTest, NotesOnlyWhatIsWorthIt) {
  EXPECT_EQ(LogLimiter::note(0), "");
  EXPECT_EQ(LogLimiter::note(3), " (3 lines like this were left out)");
}

}  // namespace
}  // namespace rocketmq

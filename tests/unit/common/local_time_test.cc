#include "common/local_time.h"

#include <gtest/gtest.h>

#include <limits>

namespace rocketmq {
namespace {

TEST(LocalTimeTest, GoesThereAndBackToTheSecond) {
  for (const TimestampMs time : {TimestampMs{86'400'000}, TimestampMs{1'700'000'000'999}}) {
    EXPECT_EQ(time / 1000 * 1000, timestampOf(localTime(time)));
  }
}

TEST(LocalTimeTest, FieldsBeyondTheirRangeCarryOver) {
  std::tm december{};
  december.tm_year = 124;
  december.tm_mon = 12;
  december.tm_mday = 1;
  december.tm_isdst = -1;
  const auto january = timestampOf(december);
  ASSERT_TRUE(january);
  EXPECT_EQ(125, localTime(*january).tm_year);
  EXPECT_EQ(0, localTime(*january).tm_mon);
}

TEST(LocalTimeTest, YearThatCannotBeCountedIsNone) {
  std::tm far{};
  far.tm_year = std::numeric_limits<int>::max();
  far.tm_mon = 12;
  EXPECT_EQ(std::nullopt, timestampOf(far));
}

}  // namespace
}  // namespace rocketmq

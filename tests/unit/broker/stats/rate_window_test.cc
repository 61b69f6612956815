#include "broker/stats/rate_window.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace rocketmq::broker {
namespace {

constexpr TimestampMs kStart = 1'700'000'000'000;

class RateWindowTest : public testing::Test {
 protected:
  /// A sample every second of a counter that grows by 10 in each.
  void passSeconds(int64_t seconds) {
    for (const int64_t end = second_ + seconds; second_ < end; ++second_) {
      window_.sample(kStart + second_ * 1000, second_ * 10);
    }
  }
  int64_t rates() const {
    const std::string text = window_.text();
    return std::count(text.begin(), text.end(), ' ') + 1;
  }

  RateWindow window_;
  int64_t second_ = 0;
};

TEST_F(RateWindowTest, ARateIsShownOnceItsTimeHasPassed) {
  EXPECT_EQ(window_.lastTenSeconds(), 0);
  passSeconds(1);
  EXPECT_EQ(window_.text(), "0.0");
  passSeconds(1);
  EXPECT_EQ(window_.text(), "10.0");
  passSeconds(58);
  EXPECT_EQ(rates(), 1);
  passSeconds(1);
  EXPECT_EQ(rates(), 2);
  passSeconds(539);
  EXPECT_EQ(rates(), 2);
  passSeconds(1);
  EXPECT_EQ(window_.text(), "10.0 10.0 10.0");
  passSeconds(1000);
  EXPECT_EQ(window_.text(), "10.0 10.0 10.0");
}

// After a pause the thread may take several at once.
TEST_F(RateWindowTest, SamplesCloseTogetherAreNotTakenForSeconds) {
  passSeconds(60);
  second_ += 15;
  for (int i = 0; i < 100; ++i) {
    window_.sample(kStart + second_ * 1000 + i, second_ * 10);
  }
  EXPECT_NEAR(window_.lastTenSeconds(), 10, 0.1);
  EXPECT_EQ(rates(), 2);
}

}  // namespace
}  // namespace rocketmq::broker

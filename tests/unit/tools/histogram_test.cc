#include "tools/mqbench/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace rocketmq::bench {
namespace {

// Promise: a percentile is never below the true one and at most 1.6 % above it.
TEST(HistogramTest, PercentilesAreWithinTheStatedError) {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> durations(12, 2);
  Histogram histogram;
  std::vector<int64_t> values;
  for (int i = 0; i < 100'000; ++i) {
    values.push_back(static_cast<int64_t>(durations(random)));
    histogram.record(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double percent : {1.0, 50.0, 90.0, 99.0, 99.9, 99.99}) {
    const auto index = static_cast<size_t>(std::llround(percent * 1000)) - 1;
    const auto exact = static_cast<double>(values[index]);
    const auto got = static_cast<double>(histogram.percentile(percent));
    EXPECT_GE(got, exact) << percent;
    EXPECT_LE(got, exact * 1.016 + 1) << percent;
  }
  EXPECT_EQ(histogram.percentile(100), values.back());
}

TEST(HistogramTest, SmallValuesAreExact) {
  Histogram histogram;
  for (int64_t value = 0; value < 64; ++value) {
    histogram.record(value);
  }
  EXPECT_EQ(histogram.percentile(50), 31);
  EXPECT_EQ(histogram.max(), 63);
}

TEST(HistogramTest, MergeIsTheSameAsRecordingIntoOne) {
  Histogram one;
  Histogram other;
  Histogram both;
  for (int64_t i = 1; i < 1000; ++i) {
    (i % 2 == 0 ? one : other).record(i * i);
    both.record(i * i);
  }
  one.merge(other);
  EXPECT_EQ(one.count(), both.count());
  EXPECT_EQ(one.percentile(99), both.percentile(99));
  EXPECT_DOUBLE_EQ(one.mean(), both.mean());
}

TEST(HistogramTest, AnEmptyHistogramSaysZero) {
  EXPECT_EQ(Histogram().percentile(99), 0);
  EXPECT_EQ(Histogram().mean(), 0);
}

TEST(HistogramTest, ValuesBeyondTheRangeAreClamped) {
  Histogram histogram;
  histogram.record(-5);
  histogram.record(INT64_MAX);
  EXPECT_EQ(histogram.count(), 2);
  EXPECT_EQ(histogram.percentile(100), 3'600'000'000'000);
}

}  // namespace
}  // namespace rocketmq::bench

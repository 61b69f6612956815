#include "tools/mqbench/tally.h"

#include <gtest/gtest.h>

#include "tools/mqbench/workload.h"

namespace rocketmq::bench {
namespace {

constexpr int64_t kMs = 1'000'000;

TEST(TallyTest, CountsMessagesBytesAndFailures) {
  Tally tally;
  tally.succeeded(nowNs(), 16, 1600);
  tally.counted(4, 400);
  tally.failed(3, "first");
  tally.failed(1, "second");

  EXPECT_EQ(tally.messages(), 20);
  EXPECT_EQ(tally.bytes(), 2000);
  EXPECT_EQ(tally.failures(), 4);
  EXPECT_EQ(tally.firstError(), "first");
  EXPECT_EQ(tally.latency().count(), 16);
  EXPECT_TRUE(tally.intervals().empty());
}

// Promise: a message belongs to the stretch in which it was due, however late its answer came, and
// its latency counts from that moment.
TEST(TallyTest, PutsALateMessageWhereItWasDue) {
  Tally tally(100);
  const int64_t start = nowNs() - 1000 * kMs;
  tally.restart(start);
  tally.succeeded(start + 250 * kMs, 1, 0);
  tally.succeeded(nowNs(), 1, 0);

  const std::vector<Interval> intervals = tally.intervals();
  ASSERT_EQ(intervals.size(), 2U);
  EXPECT_DOUBLE_EQ(intervals[0].from_seconds, 0.2);
  EXPECT_EQ(intervals[0].count, 1);
  EXPECT_GE(intervals[0].max_ns, 750 * kMs);
  EXPECT_GE(intervals[1].from_seconds, 1.0);
}

TEST(TallyTest, ForgetsEverythingWhenRestarted) {
  Tally tally(100);
  tally.succeeded(nowNs(), 1, 10);
  tally.failed(1, "gone");
  tally.restart(nowNs());

  EXPECT_EQ(tally.messages() + tally.bytes() + tally.failures(), 0);
  EXPECT_EQ(tally.firstError(), "");
  EXPECT_EQ(tally.latency().count(), 0);
  EXPECT_TRUE(tally.intervals().empty());
}

}  // namespace
}  // namespace rocketmq::bench

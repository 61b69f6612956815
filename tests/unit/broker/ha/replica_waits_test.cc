#include "broker/ha/replica_waits.h"

#include <gmock/gmock.h>

#include <optional>
#include <vector>

namespace rocketmq::broker {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::IsEmpty;

class ReplicaWaitsTest : public testing::Test {
 protected:
  void wait(int64_t end_offset, int32_t slaves = 1, steady_clock::time_point deadline = kLate) {
    waits_.whenReplicated(end_offset, {.slaves = slaves, .fall_behind_bytes = 1000}, deadline,
                          [this, end_offset](ReplicaOutcome outcome) {
                            (outcome == ReplicaOutcome::kReplicated          ? replicated_
                             : outcome == ReplicaOutcome::kSlaveNotAvailable ? not_available_
                                                                             : timed_out_)
                                .push_back(end_offset);
                          });
  }

  static constexpr steady_clock::time_point kLate = steady_clock::time_point::max();
  ReplicaWaits waits_;
  std::vector<int64_t> replicated_;
  std::vector<int64_t> not_available_;
  std::vector<int64_t> timed_out_;
};

TEST_F(ReplicaWaitsTest, OneReportServesEveryWaitBelowIt) {
  waits_.update({0});
  wait(10);
  wait(20);
  wait(30);
  EXPECT_THAT(replicated_, IsEmpty());
  waits_.update({20});
  EXPECT_THAT(replicated_, ElementsAre(10, 20));
  wait(15);  // There already.
  EXPECT_THAT(replicated_, ElementsAre(10, 20, 15));
  waits_.update({35});
  EXPECT_THAT(replicated_, ElementsAre(10, 20, 15, 30));
}

TEST_F(ReplicaWaitsTest, WithoutASlaveNobodyWaits) {
  wait(10);
  EXPECT_THAT(not_available_, ElementsAre(10));
}

TEST_F(ReplicaWaitsTest, ASlaveThatIsFarBehindIsNotWaitedFor) {
  waits_.update({0});
  wait(999);
  wait(1000);
  EXPECT_THAT(not_available_, ElementsAre(1000));
  waits_.update({});
  wait(5);
  EXPECT_THAT(not_available_, ElementsAre(1000, 5));
}

// RocketMQ asks how far the furthest slave ever was.
TEST_F(ReplicaWaitsTest, ASlaveThatHasReplacedANearOneIsNotWaitedForUntilItIsNear) {
  waits_.update({5000, 4500});
  waits_.update({0});
  wait(5001);
  EXPECT_THAT(not_available_, ElementsAre(5001));
  waits_.update({4500, 0});
  wait(5002);
  wait(5003, 2);
  EXPECT_THAT(not_available_, ElementsAre(5001, 5003));
  waits_.update({5002, 5002});
  wait(5004, 2);
  EXPECT_THAT(not_available_, ElementsAre(5001, 5003));
  EXPECT_THAT(replicated_, ElementsAre(5002));
}

TEST_F(ReplicaWaitsTest, AsManySlavesAsAskedForMustHaveIt) {
  waits_.update({50, 0});
  wait(10, 2);
  wait(20, 1);
  EXPECT_THAT(replicated_, ElementsAre(20));
  waits_.update({50, 12});
  EXPECT_THAT(replicated_, ElementsAre(20, 10));
  wait(10, 3);
  EXPECT_THAT(not_available_, ElementsAre(10));
}

TEST_F(ReplicaWaitsTest, TheDoubtfulAreWaitedForButServeNoWait) {
  waits_.update({10}, {20});
  EXPECT_EQ(waits_.inSync(20, 15), 2);
  wait(15, 1);
  wait(15, 2);
  EXPECT_THAT(replicated_, IsEmpty());
  EXPECT_THAT(not_available_, IsEmpty());
  waits_.update({15}, {20});
  EXPECT_THAT(replicated_, ElementsAre(15));
  waits_.update({15, 20});
  EXPECT_THAT(replicated_, ElementsAre(15, 15));
}

TEST_F(ReplicaWaitsTest, AWaitOutlivesItsSlaveUntilItsTimeIsOver) {
  const auto now = steady_clock::now();
  waits_.update({0});
  wait(10, 1, now + seconds(1));
  wait(20, 1, now + seconds(9));
  waits_.update({});
  waits_.endExpired(now);
  EXPECT_THAT(timed_out_, IsEmpty());
  waits_.endExpired(now + seconds(2));
  EXPECT_THAT(timed_out_, ElementsAre(10));
  waits_.update({25});
  EXPECT_THAT(replicated_, ElementsAre(20));
}

TEST_F(ReplicaWaitsTest, WhoIsNearTheEndOfTheLogIsInSync) {
  EXPECT_EQ(waits_.inSync(100, 50), 0);
  waits_.update({10, 100, 51});
  EXPECT_EQ(waits_.inSync(100, 50), 2);
  EXPECT_EQ(waits_.inSync(100, 49), 1);
}

TEST_F(ReplicaWaitsTest, NobodyIsWaitedForWhenNoneIsAskedFor) {
  wait(10, 0);
  EXPECT_THAT(replicated_, ElementsAre(10));
}

TEST_F(ReplicaWaitsTest, StoppingEndsAllWaits) {
  waits_.update({0});
  wait(10);
  waits_.stop();
  wait(20);
  EXPECT_THAT(timed_out_, ElementsAre(10, 20));
}

}  // namespace
}  // namespace rocketmq::broker

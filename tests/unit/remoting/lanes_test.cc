#include "remoting/lanes.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "tests/unit/remoting/runtime_fixture.h"

namespace rocketmq::remoting {
namespace {

constexpr Lanes::LaneOptions kNarrow{.threads = 1, .queue_max = 2, .queue_bytes_max = 100};

class LanesTest : public testing::Test {
 protected:
  /// Keeps the query lane's only thread busy until the gate opens.
  void blockQueryLane() {
    ASSERT_TRUE(lanes_.run(Lane::kQuery, [this] {
      blocked_.set();
      gate_.wait();
    }));
    blocked_.wait();
  }

  ~LanesTest() override { gate_.set(); }

  Event blocked_;
  Event gate_;
  Lanes lanes_{{.query = kNarrow, .admin = kNarrow}};
};

TEST_F(LanesTest, RunsTasksOnAnotherThread) {
  std::thread::id ran_on;
  Event done;
  ASSERT_TRUE(lanes_.run(Lane::kAdmin, [&] {
    ran_on = std::this_thread::get_id();
    done.set();
  }));
  done.wait();
  EXPECT_NE(ran_on, std::this_thread::get_id());
}

TEST_F(LanesTest, RefusesTasksBeyondTheQueueBound) {
  blockQueryLane();
  EXPECT_TRUE(lanes_.run(Lane::kQuery, [] {}));
  EXPECT_TRUE(lanes_.run(Lane::kQuery, [] {}));
  EXPECT_FALSE(lanes_.run(Lane::kQuery, [] {}));
  EXPECT_TRUE(lanes_.run(Lane::kAdmin, [] {})) << "the lanes are independent";
}

TEST_F(LanesTest, RefusesTasksThatKeepTooManyBytes) {
  blockQueryLane();
  EXPECT_TRUE(lanes_.run(
      Lane::kQuery, [] {}, 60));
  EXPECT_FALSE(lanes_.run(
      Lane::kQuery, [] {}, 60));
  EXPECT_TRUE(lanes_.run(
      Lane::kQuery, [] {}, 40));
}

TEST_F(LanesTest, EmptyLaneTakesATaskOfAnySize) {
  Event done;
  EXPECT_TRUE(lanes_.run(
      Lane::kQuery, [&] { done.set(); }, 1 << 20));
  done.wait();
}

TEST_F(LanesTest, TellsHowManyWaitAndForHowLong) {
  EXPECT_EQ(lanes_.headWaitMs(Lane::kQuery), 0);
  blockQueryLane();
  EXPECT_EQ(lanes_.queueSize(Lane::kQuery), 0u);
  ASSERT_TRUE(lanes_.run(Lane::kQuery, [] {}));
  EXPECT_EQ(lanes_.queueSize(Lane::kQuery), 1u);
  EXPECT_TRUE(eventually([this] { return lanes_.headWaitMs(Lane::kQuery) > 0; }));
  gate_.set();
  EXPECT_TRUE(eventually([this] { return lanes_.queueSize(Lane::kQuery) == 0; }));
}

TEST_F(LanesTest, StopFinishesWhatIsQueuedAndRefusesMore) {
  std::atomic<int> ran = 0;
  blockQueryLane();
  ASSERT_TRUE(lanes_.run(Lane::kQuery, [&] { ++ran; }));
  ASSERT_TRUE(lanes_.run(Lane::kQuery, [&] { ++ran; }));
  gate_.set();
  lanes_.stop();
  EXPECT_EQ(ran, 2);
  EXPECT_FALSE(lanes_.run(Lane::kQuery, [] {}));
}

TEST_F(LanesTest, TaskThatThrowsDoesNotEndTheLane) {
  Event done;
  ASSERT_TRUE(lanes_.run(Lane::kQuery, [] { throw std::runtime_error("a task's bug"); }));
  ASSERT_TRUE(lanes_.run(Lane::kQuery, [&] { done.set(); }));
  done.wait();
}

}  // namespace
}  // namespace rocketmq::remoting

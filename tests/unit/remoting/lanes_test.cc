#include "remoting/lanes.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "tests/unit/remoting/busy_lane.h"
#include "tests/unit/remoting/runtime_fixture.h"

namespace rocketmq::remoting {
namespace {

constexpr Lanes::LaneOptions kNarrow{.threads = 1, .queue_max = 2, .queue_bytes_max = 100};

class LanesTest : public testing::Test {
 protected:
  void blockQueryLane() { busy_.emplace(lanes_, Lane::kQuery); }
  void openQueryLane() { busy_.reset(); }

  Lanes lanes_{{.query = kNarrow, .admin = kNarrow}};
  std::optional<BusyLane> busy_;
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
  EXPECT_TRUE(lanes_.run(Lane::kQuery, [] {}, {.bytes = 60}));
  EXPECT_FALSE(lanes_.run(Lane::kQuery, [] {}, {.bytes = 60}));
  EXPECT_TRUE(lanes_.run(Lane::kQuery, [] {}, {.bytes = 40}));
}

TEST_F(LanesTest, EmptyLaneTakesATaskOfAnySize) {
  Event done;
  EXPECT_TRUE(lanes_.run(Lane::kQuery, [&] { done.set(); }, {.bytes = 1 << 20}));
  done.wait();
}

TEST_F(LanesTest, TellsHowManyWaitAndForHowLong) {
  EXPECT_EQ(lanes_.headWaitMs(Lane::kQuery), 0);
  blockQueryLane();
  EXPECT_EQ(lanes_.queueSize(Lane::kQuery), 0u);
  ASSERT_TRUE(lanes_.run(Lane::kQuery, [] {}));
  EXPECT_EQ(lanes_.queueSize(Lane::kQuery), 1u);
  EXPECT_TRUE(eventually([this] { return lanes_.headWaitMs(Lane::kQuery) > 0; }));
  openQueryLane();
  EXPECT_TRUE(eventually([this] { return lanes_.queueSize(Lane::kQuery) == 0; }));
}

TEST_F(LanesTest, StopFinishesWhatIsQueuedAndRefusesMore) {
  std::atomic<int> ran = 0;
  blockQueryLane();
  ASSERT_TRUE(lanes_.run(Lane::kQuery, [&] { ++ran; }));
  ASSERT_TRUE(lanes_.run(Lane::kQuery, [&] { ++ran; }));
  openQueryLane();
  lanes_.stop();
  EXPECT_EQ(ran, 2);
  EXPECT_FALSE(lanes_.run(Lane::kQuery, [] {}));
}

TEST(LanesOfSourcesTest, AreServedInTurns) {
  Lanes lanes({});
  BusyLane busy_lane(lanes, Lane::kAdmin);
  const int busy = 0;
  const int modest = 0;
  std::string ran;
  const auto add = [&](char name, const void* source) {
    ASSERT_TRUE(lanes.run(Lane::kAdmin, [&ran, name] { ran += name; }, {.source = source}));
  };
  for (int i = 0; i < 4; ++i) {
    add('b', &busy);
  }
  add('1', &modest);
  add('2', &modest);
  add('s', nullptr);
  busy_lane.open();
  ASSERT_TRUE(eventually([&] { return lanes.queueSize(Lane::kAdmin) == 0; }));
  lanes.stop();
  EXPECT_EQ(ran, "b1sb2bb");
}

TEST(LanesOfSourcesTest, LeaveRoomForEachOther) {
  Lanes lanes({.admin = {.threads = 1, .queue_max = 12, .queue_bytes_max = 1200}});
  BusyLane busy_lane(lanes, Lane::kAdmin);
  const auto fill = [&](const void* source, size_t bytes) {
    int taken = 0;
    while (lanes.run(Lane::kAdmin, [] {}, {.bytes = bytes, .source = source})) {
      ++taken;
    }
    return taken;
  };
  const std::array<int, 4> sources{};
  EXPECT_EQ(fill(&sources[0], 1), 6);
  EXPECT_EQ(fill(&sources[1], 1), 3);
  EXPECT_EQ(fill(&sources[2], 300), 2) << "by the bytes: no more than are free then";
  EXPECT_EQ(fill(&sources[3], 1), 1) << "the last place is somebody's who has none";
  EXPECT_EQ(fill(nullptr, 1), 0);
  EXPECT_EQ(lanes.queueSize(Lane::kAdmin), 12u);
}

TEST(LanesOfSourcesTest, AreDroppedByAStop) {
  Lanes lanes({});
  BusyLane busy_lane(lanes, Lane::kAdmin);
  const int source = 0;
  std::atomic<bool> ran = false;
  std::atomic<bool> ran_own = false;
  const auto watched = std::make_shared<int>();
  ASSERT_TRUE(lanes.run(Lane::kAdmin, [&ran, watched] { ran = true; }, {.source = &source}));
  ASSERT_TRUE(lanes.run(Lane::kAdmin, [&ran_own] { ran_own = true; }));
  std::thread stopping([&] { lanes.stop(); });
  EXPECT_TRUE(eventually([&] { return watched.use_count() == 1; }));
  busy_lane.open();
  stopping.join();
  EXPECT_FALSE(ran);
  EXPECT_TRUE(ran_own);
}

TEST_F(LanesTest, TaskThatThrowsDoesNotEndTheLane) {
  Event done;
  ASSERT_TRUE(lanes_.run(Lane::kQuery, [] { throw std::runtime_error("a task's bug"); }));
  ASSERT_TRUE(lanes_.run(Lane::kQuery, [&] { done.set(); }));
  done.wait();
}

}  // namespace
}  // namespace rocketmq::remoting

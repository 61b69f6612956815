#include "remoting/io_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/remoting/runtime_fixture.h"

namespace rocketmq::remoting {
namespace {

constexpr milliseconds kNever = std::chrono::hours(1);

std::string currentThreadName() {
  std::array<char, 16> name{};
  pthread_getname_np(pthread_self(), name.data(), name.size());
  return name.data();
}

TEST(IoPoolTest, ThreadsHaveNamesThatKeepTheirNumber) {
  IoPool pool("a-very-long-prefix", 2);
  std::string name;
  Event done;
  pool.post(1, [&] {
    name = currentThreadName();
    done.set();
  });
  done.wait();
  EXPECT_EQ(name, "a-very-long-p-1");
}

TEST(IoPoolTest, GivesContextsInTurn) {
  IoPool pool("test", 2);
  EXPECT_EQ(pool.size(), 2u);
  asio::io_context* const first = &pool.nextContext();
  asio::io_context* const second = &pool.nextContext();
  EXPECT_NE(first, second);
  EXPECT_EQ(&pool.nextContext(), first);
}

TEST(IoPoolTest, StopRunsWhatWasPostedBefore) {
  IoPool pool("test", 1);
  std::atomic<int> ran = 0;
  for (int i = 0; i < 100; ++i) {
    pool.post(0, [&] { ++ran; });
  }
  pool.stop();
  EXPECT_EQ(ran, 100);
  pool.stop();
}

TEST(IoPoolTest, TasksMayOwnWhatCannotBeCopied) {
  IoPool pool("test", 1);
  int seen = 0;
  pool.post(0, [&seen, value = std::make_unique<int>(7)] { seen = *value; });
  pool.stop();
  EXPECT_EQ(seen, 7);
}

class PeriodicTaskTest : public testing::Test {
 protected:
  IoPool pool_{"test", 1};
  std::atomic<int> runs_ = 0;
};

TEST_F(PeriodicTaskTest, RunsAgainAndAgain) {
  PeriodicTask task(pool_, 0, {.initial_delay = milliseconds(0), .period = milliseconds(1)},
                    [this] { ++runs_; });
  EXPECT_TRUE(eventually([this] { return runs_ >= 3; }));
}

TEST_F(PeriodicTaskTest, WaitsForItsInitialDelay) {
  PeriodicTask task(pool_, 0, {.initial_delay = kNever, .period = milliseconds(1)},
                    [this] { ++runs_; });
  Event later;
  pool_.post(0, [&] { later.set(); });
  later.wait();
  EXPECT_EQ(runs_, 0);
}

TEST_F(PeriodicTaskTest, RunNowRunsOutOfTurnAndMergesCalls) {
  PeriodicTask task(pool_, 0, {.initial_delay = kNever, .period = kNever}, [this] { ++runs_; });
  Event gate;
  pool_.post(0, [&] { gate.wait(); });
  task.runNow();
  task.runNow();
  task.runNow();
  gate.set();
  Event later;
  pool_.post(0, [&] { later.set(); });
  later.wait();
  EXPECT_EQ(runs_, 1);
  task.runNow();
  EXPECT_TRUE(eventually([this] { return runs_ == 2; }));
}

TEST_F(PeriodicTaskTest, CancelledTaskNeverRunsAgain) {
  PeriodicTask task(pool_, 0, {.initial_delay = kNever, .period = kNever}, [this] { ++runs_; });
  task.cancel();
  task.runNow();
  pool_.stop();
  EXPECT_EQ(runs_, 0);
}

TEST_F(PeriodicTaskTest, TaskMayCancelItself) {
  std::unique_ptr<PeriodicTask> task;
  Event created;
  task = std::make_unique<PeriodicTask>(
      pool_, 0, PeriodicTask::Options{.initial_delay = {}, .period = milliseconds(0)}, [&] {
        created.wait();
        ++runs_;
        task->cancel();
      });
  created.set();
  EXPECT_TRUE(eventually([this] { return runs_ == 1; }));
  pool_.stop();
  EXPECT_EQ(runs_, 1);
}

TEST_F(PeriodicTaskTest, DestructorWaitsForTheRunInProgress) {
  Event started;
  Event may_end;
  auto task = std::make_unique<PeriodicTask>(
      pool_, 0, PeriodicTask::Options{.initial_delay = {}, .period = kNever}, [&] {
        started.set();
        may_end.wait();
      });
  started.wait();
  auto destroyed = std::async(std::launch::async, [&] { task.reset(); });
  EXPECT_EQ(destroyed.wait_for(milliseconds(20)), std::future_status::timeout);
  may_end.set();
  destroyed.get();
}

TEST_F(PeriodicTaskTest, DestroyedTaskGivesUpWhatItOwns) {
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = owned;
  {
    PeriodicTask task(pool_, 0, {.initial_delay = kNever, .period = kNever},
                      [owned = std::move(owned)] {});
  }
  EXPECT_TRUE(watched.expired());
}

}  // namespace
}  // namespace rocketmq::remoting

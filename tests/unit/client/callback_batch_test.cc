#include "client/producer/callback_batch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <vector>

namespace rocketmq::client {
namespace {

class CallbackBatchTest : public testing::Test {
 protected:
  /// Waits for everything that the pool has been given.
  void drainPool() { EXPECT_TRUE(pool_.stop(true, std::chrono::steady_clock::time_point::max())); }

  int asked_to_flush_ = 0;
  std::vector<int> ran_;
  WorkerPool pool_{"test", 1};
  CallbackBatch batch_{pool_, [this] { ++asked_to_flush_; }};
};

TEST_F(CallbackBatchTest, AsksForOneFlushForAllThatComeBeforeIt) {
  std::promise<void> occupied;
  std::promise<void> go_on;
  pool_.post([&] {
    occupied.set_value();
    go_on.get_future().wait();
  });
  occupied.get_future().wait();
  for (int i = 0; i < 3; ++i) {
    batch_.add([this, i] { ran_.push_back(i); });
  }
  EXPECT_EQ(asked_to_flush_, 1);
  EXPECT_EQ(pool_.queueSize(), 0u);
  batch_.flush();
  batch_.add([this] { ran_.push_back(3); });
  EXPECT_EQ(asked_to_flush_, 2);
  batch_.flush();
  go_on.set_value();
  drainPool();
  EXPECT_EQ(ran_, (std::vector{0, 1, 2, 3}));
}

TEST_F(CallbackBatchTest, NothingWaitsForAFlushOnceClosed) {
  batch_.add([this] { ran_.push_back(0); });
  batch_.close();
  batch_.add([this] { ran_.push_back(1); });
  drainPool();
  EXPECT_EQ(ran_, (std::vector{0, 1}));
  EXPECT_EQ(asked_to_flush_, 1);
}

}  // namespace
}  // namespace rocketmq::client

#include "broker/group/queue_locks.h"

#include <gtest/gtest.h>

namespace rocketmq::broker {
namespace {

using Queues = QueueLocks::Queues;

const QueueLocks::Queue kQueue0{.topic = "T", .broker_name = "b", .queue_id = 0};
const QueueLocks::Queue kQueue1{.topic = "T", .broker_name = "b", .queue_id = 1};

TEST(QueueLocksTest, AQueueBelongsToOneClientOfAGroupAtATime) {
  QueueLocks locks;
  EXPECT_EQ(locks.lock("G", "a", {kQueue0, kQueue1}, 0), (Queues{kQueue0, kQueue1}));
  EXPECT_EQ(locks.lock("G", "b", {kQueue0, kQueue1}, 0), Queues{});
  EXPECT_EQ(locks.lock("H", "b", {kQueue0}, 0), Queues{kQueue0});  // Another group.
  EXPECT_EQ(locks.lock("G", "a", {kQueue1}, 0), Queues{kQueue1});  // Its own again.
}

TEST(QueueLocksTest, ALockExpiresSixtySecondsAfterItsLastRenewal) {
  QueueLocks locks;
  locks.lock("G", "a", {kQueue0}, 0);
  locks.lock("G", "a", {kQueue0}, 30'000);
  EXPECT_EQ(locks.lock("G", "b", {kQueue0}, 90'000), Queues{});
  EXPECT_TRUE(locks.anyLocked("G", 90'000));
  EXPECT_FALSE(locks.anyLocked("G", 90'001));
  EXPECT_EQ(locks.lock("G", "b", {kQueue0}, 90'001), Queues{kQueue0});
}

TEST(QueueLocksTest, OnlyTheOwnerCanUnlock) {
  QueueLocks locks;
  locks.lock("G", "a", {kQueue0}, 0);
  locks.unlock("G", "b", {kQueue0});
  EXPECT_EQ(locks.lock("G", "b", {kQueue0}, 0), Queues{});
  locks.unlock("G", "a", {kQueue0});
  EXPECT_EQ(locks.lock("G", "b", {kQueue0}, 0), Queues{kQueue0});
}

TEST(QueueLocksTest, ExpiredLocksAreRemoved) {
  QueueLocks locks;
  locks.lock("G", "a", {kQueue0}, 0);
  locks.lock("H", "a", {kQueue0}, 50'000);
  locks.removeExpired(70'000);
  EXPECT_FALSE(locks.anyLocked("G", 0));
  EXPECT_TRUE(locks.anyLocked("H", 70'000));
}

}  // namespace
}  // namespace rocketmq::broker

#include "broker/group/queue_locks.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "common/atomic_file.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::broker {
namespace {

using Queues = QueueLocks::Queues;

const QueueLocks::Queue kQueue0{.topic = "T", .broker_name = "b", .queue_id = 0};
const QueueLocks::Queue kQueue1{.topic = "T", .broker_name = "b", .queue_id = 1};

/// Milliseconds since the machine was started.
QueueLocks::TimePoint at(int64_t ms) {
  return QueueLocks::TimePoint(std::chrono::milliseconds(ms));
}

class QueueLocksTest : public testing::Test {
 protected:
  const test::TempDir folder_;
  const std::string file_ = folder_ / "queueLocks.json";
};

TEST_F(QueueLocksTest, AQueueBelongsToOneClientOfAGroupAtATime) {
  QueueLocks locks(file_);
  EXPECT_EQ(locks.lock("G", "a", {kQueue0, kQueue1}, at(0)), (Queues{kQueue0, kQueue1}));
  EXPECT_EQ(locks.lock("G", "b", {kQueue0, kQueue1}, at(0)), Queues{});
  EXPECT_EQ(locks.lock("H", "b", {kQueue0}, at(0)), Queues{kQueue0});  // Another group.
  EXPECT_EQ(locks.lock("G", "a", {kQueue1}, at(0)), Queues{kQueue1});  // Its own again.
}

TEST_F(QueueLocksTest, ALockExpiresSixtySecondsAfterItsLastRenewal) {
  QueueLocks locks(file_);
  locks.lock("G", "a", {kQueue0}, at(0));
  locks.lock("G", "a", {kQueue0}, at(30'000));
  EXPECT_EQ(locks.lock("G", "b", {kQueue0}, at(90'000)), Queues{});
  EXPECT_EQ(locks.lock("G", "b", {kQueue0}, at(90'001)), Queues{kQueue0});
}

TEST_F(QueueLocksTest, OnlyTheOwnerCanUnlock) {
  QueueLocks locks(file_);
  locks.lock("G", "a", {kQueue0}, at(0));
  locks.unlock("G", "b", {kQueue0});
  EXPECT_EQ(locks.lock("G", "b", {kQueue0}, at(0)), Queues{});
  locks.unlock("G", "a", {kQueue0});
  EXPECT_EQ(locks.lock("G", "b", {kQueue0}, at(0)), Queues{kQueue0});
}

TEST_F(QueueLocksTest, ExpiredLocksAreRemoved) {
  QueueLocks locks(file_);
  locks.lock("G", "a", {kQueue0}, at(0));
  locks.lock("H", "a", {kQueue0}, at(50'000));
  locks.removeExpired(at(70'000));
  // At a time at which it would still be good, were it there.
  EXPECT_EQ(locks.lock("G", "b", {kQueue0}, at(0)), Queues{kQueue0});
  EXPECT_EQ(locks.lock("H", "b", {kQueue0}, at(70'000)), Queues{});
}

TEST_F(QueueLocksTest, LocksAreBoundedByWhatTheyTake) {
  QueueLocks locks(file_);
  const auto many = [](size_t count) {
    Queues queues;
    for (size_t i = 0; i < count; ++i) {
      queues.insert({.topic = std::string(500, 't'),
                     .broker_name = "b",
                     .queue_id = static_cast<int32_t>(i)});
    }
    return queues;
  };
  const Queues queues = many(40'000);
  const std::string client(500, 'c');
  const size_t taken = locks.lock("G", client, queues, at(0)).size();
  EXPECT_GT(taken, 10'000u);
  EXPECT_LT(taken, 20'000u);
  // Once they are given up or have expired there is room for as many again.
  locks.unlock("G", client, queues);
  EXPECT_EQ(locks.lock("G", client, queues, at(0)).size(), taken);
  locks.removeExpired(at(60'001));
  EXPECT_EQ(locks.lock("G", client, queues, at(60'001)).size(), taken);
  EXPECT_GT(locks.lock("G", "c", queues, at(120'002)).size(), taken) << "a shorter owner";
}

TEST_F(QueueLocksTest, OwnersOutliveTheBrokerAsIfTheyHadJustRenewed) {
  {
    QueueLocks locks(file_);
    locks.lock("G", "a", {kQueue0}, at(0));
    locks.lock("G", "b", {kQueue1}, at(0));
    locks.lock("H", "b", {kQueue0}, at(0));
    locks.unlock("H", "b", {kQueue0});
    ASSERT_TRUE(locks.persist().isOk());
  }
  QueueLocks locks(file_);
  locks.load(at(100'000));
  EXPECT_EQ(locks.lock("G", "b", {kQueue0, kQueue1}, at(160'000)), Queues{kQueue1});
  EXPECT_EQ(locks.lock("G", "b", {kQueue0}, at(160'001)), Queues{kQueue0});
  EXPECT_EQ(locks.lock("H", "c", {kQueue0}, at(100'000)), Queues{kQueue0});
}

TEST_F(QueueLocksTest, OnlyAChangeOfOwnersIsWritten) {
  const auto isWritten = [this](QueueLocks& locks) {
    std::filesystem::remove(file_);
    EXPECT_TRUE(locks.persist().isOk());
    return std::filesystem::exists(file_);
  };
  QueueLocks locks(file_);
  EXPECT_FALSE(isWritten(locks));
  locks.lock("G", "a", {kQueue0}, at(0));
  EXPECT_TRUE(isWritten(locks));
  locks.lock("G", "a", {kQueue0}, at(20'000));
  locks.lock("G", "b", {kQueue0}, at(20'000));
  locks.unlock("G", "b", {kQueue0});
  locks.removeExpired(at(80'000));
  EXPECT_FALSE(isWritten(locks));
  locks.removeExpired(at(80'001));
  EXPECT_TRUE(isWritten(locks));
}

// Unlike a table that nobody can make anew: the owners come to ask again.
TEST_F(QueueLocksTest, AFileThatCannotBeReadIsAsNone) {
  ASSERT_TRUE(replaceFile(file_, R"({"locks":[{"clie)").isOk());
  QueueLocks locks(file_);
  locks.load(at(0));
  EXPECT_EQ(locks.lock("G", "a", {kQueue0}, at(0)), Queues{kQueue0});
}

}  // namespace
}  // namespace rocketmq::broker

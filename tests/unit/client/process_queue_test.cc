#include "client/consumer/process_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "tests/unit/client/messages.h"

namespace rocketmq::client {
namespace {

const MessageQueue kQueue{"T", "b", 0};

TEST(ConcurrentProcessQueueTest, MessagesComeInBatchesOfTheWantedSize) {
  ConcurrentProcessQueue queue(kQueue);
  const auto batches = queue.add(makeMessages(10, 5), 2);
  ASSERT_EQ(batches.size(), 3u);
  EXPECT_EQ(batches[0]->messages.size(), 2u);
  EXPECT_EQ(batches[2]->messages.size(), 1u);
  EXPECT_EQ(batches[2]->messages[0].queueOffset(), 14);
}

TEST(ConcurrentProcessQueueTest, AMessagePulledTwiceIsConsumedOnce) {
  ConcurrentProcessQueue queue(kQueue);
  queue.add(makeMessages(0, 3), 1);
  const auto batches = queue.add(makeMessages(1, 3), 1);
  ASSERT_EQ(batches.size(), 1u);
  EXPECT_EQ(batches[0]->messages[0].queueOffset(), 3);
  EXPECT_EQ(queue.cached().messages, 4);
}

// Promise: whatever the order in which batches finish, the committed offset is the lowest message
// that is not finished, or one past the last when all are.
TEST(ConcurrentProcessQueueTest, CommittedOffsetIsTheLowestUnfinishedInEveryOrder) {
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    ConcurrentProcessQueue queue(kQueue);
    std::set<int64_t> model;
    std::vector<ConsumeBatchPtr> open;
    int64_t next = static_cast<int64_t>(random() % 1000);
    for (int step = 0; step < 60; ++step) {
      if (open.empty() || random() % 3 == 0) {
        const int count = 1 + static_cast<int>(random() % 8);
        for (int64_t offset = next; offset < next + count; ++offset) {
          model.insert(offset);
        }
        const auto added = queue.add(makeMessages(next, count), 1 + random() % 3);
        open.insert(open.end(), added.begin(), added.end());
        next += count + static_cast<int64_t>(random() % 3);  // Filtered messages leave holes.
      } else {
        const auto chosen = open.begin() + static_cast<ptrdiff_t>(random() % open.size());
        const ConsumeBatchPtr batch = *chosen;
        open.erase(chosen);
        int64_t last_of_model = *model.rbegin();
        for (const MessageExt& message : batch->messages) {
          model.erase(message.queueOffset());
        }
        const int64_t offset = queue.remove(*batch, [](size_t) { return true; });
        if (!model.empty()) {
          EXPECT_EQ(offset, *model.begin());
        } else {
          EXPECT_GT(offset, last_of_model);
        }
      }
      EXPECT_EQ(queue.cached().messages, static_cast<int64_t>(model.size()));
    }
  }
}

TEST(ConcurrentProcessQueueTest, UnfinishedMessagesOfABatchHoldTheOffsetBack) {
  ConcurrentProcessQueue queue(kQueue);
  const auto batches = queue.add(makeMessages(100, 4), 4);
  EXPECT_EQ(queue.remove(*batches[0], [](size_t i) { return i != 1; }), 101);
  EXPECT_TRUE(queue.contains(101));
  EXPECT_FALSE(queue.contains(100));
  EXPECT_EQ(queue.removeOffset(101), 104);
  EXPECT_EQ(queue.cached().bytes, 0);
}

TEST(ConcurrentProcessQueueTest, OnlyMessagesThatAreConsumedForTooLongAtTheFrontExpire) {
  ConcurrentProcessQueue queue(kQueue);
  const auto batches = queue.add(makeMessages(0, 3), 1);
  EXPECT_TRUE(queue.expired(1000, 16).empty()) << "not started yet";
  batches[0]->started_ms = 500;
  batches[1]->started_ms = 2000;
  batches[2]->started_ms = 500;
  const auto expired = queue.expired(1000, 16);
  ASSERT_EQ(expired.size(), 1u) << "the second one shields the third";
  EXPECT_EQ(expired[0].queueOffset(), 0);
  EXPECT_TRUE(queue.expired(500, 16).empty());
}

// --- Giving a queue up while workers are on it.

using Reason = ProcessQueue::DropReason;

TEST(ConcurrentProcessQueueTest, ADroppedQueueIsReleasedOnceWhenTheLastWorkerHasLeft) {
  ConcurrentProcessQueue queue(kQueue);
  queue.add(makeMessages(0, 3), 1);
  ASSERT_NE(queue.take(), nullptr);
  ASSERT_NE(queue.take(), nullptr);
  queue.drop(Reason::kGivenUp);
  EXPECT_EQ(queue.take(), nullptr) << "nothing is begun any more";
  EXPECT_FALSE(queue.releaseIfIdle());
  queue.leave();
  EXPECT_FALSE(queue.releaseIfIdle()) << "one is still inside";
  EXPECT_FALSE(queue.released());
  queue.leave();
  EXPECT_TRUE(queue.releaseIfIdle());
  EXPECT_TRUE(queue.released());
  EXPECT_FALSE(queue.releaseIfIdle()) << "who releases it is one";
  EXPECT_FALSE(queue.releaseNow());
}

TEST(ConcurrentProcessQueueTest, BatchesBeginInTheOrderOfTheirOffsetsAndARequeuedOneFirst) {
  ConcurrentProcessQueue queue(kQueue);
  queue.add(makeMessages(0, 2), 1);
  queue.add(makeMessages(2, 1), 1);
  const ConsumeBatchPtr first = queue.take();
  ASSERT_EQ(first->messages[0].queueOffset(), 0);
  auto again = std::make_shared<ConsumeBatch>();
  again->messages = first->messages;
  queue.replace(again);
  queue.requeue(again);
  EXPECT_EQ(queue.take(), again);
  EXPECT_EQ(queue.take()->messages[0].queueOffset(), 1);
  EXPECT_EQ(queue.take()->messages[0].queueOffset(), 2);
  EXPECT_EQ(queue.take(), nullptr);
}

TEST(ConcurrentProcessQueueTest, OtherWorkHoldsADroppedQueueBackButCannotEnterAReleasedOne) {
  ConcurrentProcessQueue queue(kQueue);
  ASSERT_TRUE(queue.enter());
  queue.drop(Reason::kGivenUp);
  EXPECT_TRUE(queue.enter()) << "what goes back to the broker is finished work, too";
  queue.leave();
  EXPECT_FALSE(queue.releaseIfIdle());
  queue.leave();
  EXPECT_TRUE(queue.releaseIfIdle());
  EXPECT_FALSE(queue.enter());
}

TEST(ConcurrentProcessQueueTest, AReleaseThatDoesNotWaitTakesAwayTheWorkersSay) {
  ConcurrentProcessQueue queue(kQueue);
  queue.add(makeMessages(0, 1), 1);
  const ConsumeBatchPtr batch = queue.take();
  int commits = 0;
  queue.drop(Reason::kGivenUp);
  queue.whileOurs([&] { ++commits; });
  EXPECT_EQ(commits, 1) << "given up, but nobody else has it yet";
  EXPECT_TRUE(queue.releaseNow());
  queue.whileOurs([&] { ++commits; });
  EXPECT_EQ(commits, 1);
  queue.remove(*batch, [](size_t) { return true; });
  queue.leave();
  EXPECT_FALSE(queue.releaseIfIdle());
}

// Promise: once releaseNow() has returned no commit is under way, so the next member reads an
// offset that stays.
TEST(ConcurrentProcessQueueTest, NoCommitOverlapsARelease) {
  for (int round = 0; round < 200; ++round) {
    ConcurrentProcessQueue queue(kQueue);
    std::atomic<bool> given_away{false};
    std::atomic<int> late{0};
    std::atomic<bool> working{false};
    std::thread worker([&] {
      while (!given_away) {
        queue.whileOurs([&] {
          working = true;
          std::this_thread::yield();
          late += given_away ? 1 : 0;
        });
      }
    });
    while (!working) {
      std::this_thread::yield();
    }
    EXPECT_TRUE(queue.releaseNow());
    given_away = true;
    worker.join();
    ASSERT_EQ(late, 0);
  }
}

TEST(ConcurrentProcessQueueTest, TheFirstReasonOfADropStays) {
  ConcurrentProcessQueue moved(kQueue);
  moved.drop(Reason::kMoved);
  moved.drop(Reason::kGivenUp);
  EXPECT_TRUE(moved.moved());
  ConcurrentProcessQueue given_up(kQueue);
  given_up.drop(Reason::kGivenUp);
  given_up.drop(Reason::kMoved);
  EXPECT_TRUE(given_up.dropped());
  EXPECT_FALSE(given_up.moved());
}

TEST(OrderlyProcessQueueTest, MessagesComeInOrderAndCommitFollowsThem) {
  OrderlyProcessQueue queue(kQueue);
  EXPECT_TRUE(queue.add(makeMessages(5, 3)));
  EXPECT_FALSE(queue.add(makeMessages(8, 1))) << "one worker is enough";
  EXPECT_EQ(queue.take(2).front().queueOffset(), 5);
  EXPECT_EQ(queue.commit(), 7);
  EXPECT_EQ(queue.take(9).size(), 2u);
  EXPECT_EQ(queue.commit(), 9);
  EXPECT_TRUE(queue.take(1).empty());
  EXPECT_TRUE(queue.add(makeMessages(9, 1))) << "the worker has left";
}

TEST(OrderlyProcessQueueTest, WhatIsPutBackComesFirstAgain) {
  OrderlyProcessQueue queue(kQueue);
  queue.add(makeMessages(0, 3));
  auto taken = queue.take(2);
  const int64_t bytes = queue.cached().bytes;
  queue.putBack(std::move(taken));
  EXPECT_EQ(queue.cached().messages, 3);
  EXPECT_EQ(queue.cached().bytes, bytes);
  taken = queue.take(3);
  EXPECT_EQ(taken[0].queueOffset(), 0);
  EXPECT_EQ(taken[2].queueOffset(), 2);
}

TEST(OrderlyProcessQueueTest, IsReleasedOnceAndOnlyWithoutAWorkerInside) {
  OrderlyProcessQueue queue(kQueue);
  queue.add(makeMessages(0, 1));
  EXPECT_FALSE(queue.releaseIfIdle()) << "a worker is inside";
  queue.park();
  EXPECT_TRUE(queue.releaseIfIdle());
  EXPECT_FALSE(queue.releaseIfIdle());
  EXPECT_FALSE(queue.unpark()) << "it was given up while the worker was away";
}

TEST(OrderlyProcessQueueTest, LockIsGoodForThirtySecondsAfterItWasGranted) {
  OrderlyProcessQueue queue(kQueue);
  EXPECT_FALSE(queue.holdsLock(1000));
  queue.setLocked(true, 1000);
  EXPECT_TRUE(queue.holdsLock(31'000));
  EXPECT_FALSE(queue.holdsLock(31'001));
  queue.setLocked(true, 31'000);
  EXPECT_TRUE(queue.holdsLock(31'001));
  queue.setLocked(false, 32'000);
  EXPECT_FALSE(queue.holdsLock(32'000));
}

TEST(FlowLimitsTest, EachBoundStopsPullingWhenItIsPassed) {
  const FlowLimits limits{.messages_max = 10, .bytes_max = 1000, .span_max = 50};
  EXPECT_TRUE(limits.allows({.messages = 10, .bytes = 1000, .min_offset = 0, .max_offset = 50}));
  EXPECT_FALSE(limits.allows({.messages = 11, .bytes = 0}));
  EXPECT_FALSE(limits.allows({.messages = 1, .bytes = 1001}));
  EXPECT_FALSE(limits.allows({.messages = 2, .bytes = 2, .min_offset = 7, .max_offset = 58}));
  EXPECT_TRUE((FlowLimits{.messages_max = 0, .bytes_max = 0, .span_max = 0})
                  .allows({.messages = 1 << 20, .bytes = 1ll << 40, .max_offset = 1 << 30}));
}

}  // namespace
}  // namespace rocketmq::client

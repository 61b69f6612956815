#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "client/consumer/assigned_queues.h"
#include "client/consumer/concurrent_service.h"
#include "client/consumer/offset_store.h"
#include "client/consumer/push_consumer_core.h"
#include "client/consumer/start_offset.h"
#include "client/consumer/subscription_table.h"
#include "common/mutex.h"
#include "tests/unit/client/messages.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// A folder that is gone after the test.
class TempFolder {
 public:
  TempFolder() {
    char path[] = "/tmp/rocketmq-client-XXXXXX";
    path_ = ::mkdtemp(path);
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

const std::map<MessageQueue, int64_t> kOffsets{{{"TopicA", "broker-a", 0}, 7},
                                               {{"TopicA", "broker-a", 3}, 5}};

TEST(OffsetFileTest, LayoutIsThatOfRocketMqsLocalFileOffsetStore) {
  EXPECT_EQ(formatOffsetFile(kOffsets),
            "{\n\t\"offsetTable\":{"
            "{\"brokerName\":\"broker-a\",\"queueId\":0,\"topic\":\"TopicA\"}:7,"
            "{\"brokerName\":\"broker-a\",\"queueId\":3,\"topic\":\"TopicA\"}:5\n\t}\n}");
}

TEST(OffsetFileTest, IsReadBackAndJavasFormIsUnderstood) {
  EXPECT_EQ(*parseOffsetFile(formatOffsetFile(kOffsets)), kOffsets);
  const auto java = parseOffsetFile(
      "{\"offsetTable\":{{\"brokerName\":\"broker-a\",\"queueId\":3,\"topic\":\"TopicA\"}:5}}");
  ASSERT_TRUE(java.ok());
  EXPECT_EQ(java->at({"TopicA", "broker-a", 3}), 5);
  EXPECT_FALSE(parseOffsetFile("{\"offsetTable\":{{\"brok").ok());
}

TEST(LocalOffsetStoreTest, KeepsOffsetsOverARestartAlsoWhenTheFileIsTorn) {
  const TempFolder folder;
  const std::string path = folder.file("c/g/offsets.json");
  const MessageQueue queue{"TopicA", "broker-a", 3};
  for (const int64_t offset : {5, 6}) {
    auto store = LocalOffsetStore::open(path);
    ASSERT_TRUE(store.ok());
    (*store)->update(queue, offset, true);
    EXPECT_EQ((*store)->persistNow({queue}), std::nullopt);
  }
  EXPECT_EQ((*LocalOffsetStore::open(path))->load(queue).offset, 6);
  std::ofstream(path) << "{\"offsetTa";
  EXPECT_EQ((*LocalOffsetStore::open(path))->load(queue).offset, 5) << "from offsets.json.bak";
}

TEST(LocalOffsetStoreTest, AQueueThatIsGivenUpKeepsItsOffset) {
  const TempFolder folder;
  auto store = LocalOffsetStore::open(folder.file("offsets.json"));
  const MessageQueue queue{"T", "b", 0};
  EXPECT_EQ((*store)->load(queue).kind, StoredOffset::Kind::kNone);
  (*store)->update(queue, 9, true);
  (*store)->remove(queue);
  EXPECT_EQ((*store)->load(queue).offset, 9);
}

TEST(LocalOffsetStoreTest, AMovedQueueStaysThereUntilItIsStartedAnew) {
  const TempFolder folder;
  const auto store = LocalOffsetStore::open(folder.file("offsets.json"));
  const MessageQueue queue{"T", "b", 0};
  (*store)->update(queue, 5, true);
  (*store)->move(queue, 2);
  (*store)->update(queue, 9, true);
  EXPECT_EQ((*store)->cached(queue), 2);
  (*store)->remove(queue);
  (*store)->update(queue, 9, true);
  EXPECT_EQ((*store)->cached(queue), 9);
}

TEST(OffsetStoreTest, OffsetsOnlyGrowUnlessTheyAreSet) {
  const TempFolder folder;
  auto store = LocalOffsetStore::open(folder.file("offsets.json"));
  const MessageQueue queue{"T", "b", 0};
  (*store)->update(queue, 9, true);
  (*store)->update(queue, 8, true);
  EXPECT_EQ((*store)->cached(queue), 9);
  (*store)->update(queue, 8, false);
  EXPECT_EQ((*store)->cached(queue), 8);
  (*store)->update(queue, -1, false);
  EXPECT_EQ((*store)->cached(queue), 8) << "-1 is no position";
}

TEST(StartOffsetTest, NewGroupsBeginWhereRocketMqsTableSays) {
  EXPECT_EQ(startAt(ConsumeFromWhere::kLastOffset, false), StartAt::kEnd);
  EXPECT_EQ(startAt(ConsumeFromWhere::kLastOffset, true), StartAt::kZero);
  EXPECT_EQ(startAt(ConsumeFromWhere::kFirstOffset, false), StartAt::kZero);
  EXPECT_EQ(startAt(ConsumeFromWhere::kFirstOffset, true), StartAt::kZero);
  EXPECT_EQ(startAt(ConsumeFromWhere::kTimestamp, false), StartAt::kTimestamp);
  EXPECT_EQ(startAt(ConsumeFromWhere::kTimestamp, true), StartAt::kEnd);
}

TEST(StartOffsetTest, TimestampsAreLocalTime) {
  EXPECT_EQ(*parseConsumeTimestamp("", 3'600'000), 1'800'000);
  std::tm time{};
  time.tm_year = 124;
  time.tm_mon = 0;
  time.tm_mday = 31;
  time.tm_hour = 23;
  time.tm_min = 59;
  time.tm_isdst = -1;
  EXPECT_EQ(*parseConsumeTimestamp("20240131235900", 0), std::mktime(&time) * 1000);
  for (const char* bad : {"2024", "20241331235900x", "yesterday", "20241399999999"}) {
    EXPECT_FALSE(parseConsumeTimestamp(bad, 0).ok()) << bad;
  }
}

// Promise: brokers, which take only larger versions, take each subscription, also of two in one
// millisecond, and when the clock is set back.
TEST(SubscriptionTableTest, EachVersionIsLargerThanAllBefore) {
  SubscriptionTable table;
  int64_t last = 0;
  for (const int64_t now : {50, 50, 51, 20, 20, 60}) {
    ASSERT_TRUE(table.add("T", MessageSelector::byTag("*"), now).isOk());
    EXPECT_GT(table.find("T")->sub_version, last);
    EXPECT_GE(table.find("T")->sub_version, now);
    last = table.find("T")->sub_version;
    table.remove("T");
    ASSERT_TRUE(table.add("T", MessageSelector::byTag("*"), now).isOk());
    EXPECT_GT(table.find("T")->sub_version, last) << "after it was away";
    last = table.find("T")->sub_version;
  }
  EXPECT_EQ(last, 61);
}

TEST(SubscriptionTableTest, ExpressionsAreParsedAndMatched) {
  SubscriptionTable table;
  ASSERT_TRUE(table.add("T", MessageSelector::byTag(" TagA || TagB "), 1).isOk());
  EXPECT_TRUE(wantsTag(*table.find("T"), "TagA"));
  EXPECT_TRUE(wantsTag(*table.find("T"), "TagB"));
  EXPECT_FALSE(wantsTag(*table.find("T"), "TagC"));
  EXPECT_FALSE(wantsTag(*table.find("T"), ""));
  for (const char* all : {"*", "", "  "}) {
    ASSERT_TRUE(table.add("T", MessageSelector::byTag(all), 2).isOk()) << all;
    EXPECT_TRUE(wantsTag(*table.find("T"), "anything"));
  }
  EXPECT_FALSE(table.add("T", MessageSelector::byTag("||"), 3).isOk());
  EXPECT_FALSE(table.add("bad topic", MessageSelector::byTag("*"), 3).isOk());
  EXPECT_FALSE(table.add("T", MessageSelector::bySql(""), 3).isOk());
  ASSERT_TRUE(table.add("T", MessageSelector::bySql("a > 5 || b"), 4).isOk());
  EXPECT_EQ(table.find("T")->expression_type, "SQL92");
  EXPECT_EQ(table.find("T")->sub_string, "a > 5 || b");
  EXPECT_TRUE(wantsTag(*table.find("T"), "any"));
  table.remove("T");
  EXPECT_EQ(table.find("T"), nullptr);
}

TEST(JudgeTest, AckIndexSplitsABatchAndFailureTakesAllOfIt) {
  const auto ok = ConsumeConcurrentlyStatus::kConsumeSuccess;
  EXPECT_EQ(judge(ok, INT32_MAX, 5).last_consumed, 4);
  EXPECT_EQ(judge(ok, 2, 5).last_consumed, 2);
  EXPECT_EQ(judge(ok, -1, 5).last_consumed, -1);
  EXPECT_EQ(judge(ok, INT32_MIN, 5).last_consumed, -1);
  EXPECT_EQ(judge(ConsumeConcurrentlyStatus::kReconsumeLater, 4, 5).last_consumed, -1);
}

TEST(PushConfigTest, SettingsOutOfRangeAreNamed) {
  EXPECT_TRUE(checkPushConfig({}).isOk());
  PushConsumerConfig config;
  config.pull_batch_size = 0;
  EXPECT_NE(checkPushConfig(config).message().find("pull_batch_size"), std::string::npos);
  config = {};
  config.consume_timestamp = "now";
  EXPECT_NE(checkPushConfig(config).message().find("now"), std::string::npos);
}

class AssignedQueuesTest : public testing::Test {
 protected:
  /// What poll() gives at once, by offset.
  std::vector<int64_t> poll(size_t count) {
    std::vector<int64_t> offsets;
    for (const MessageExt& message : queues_.poll(count, steady_clock::now())) {
      offsets.push_back(message.queueOffset());
    }
    return offsets;
  }

  using Offsets = std::vector<int64_t>;
  const MessageQueue a_{"T", "b", 0};
  const MessageQueue b_{"T", "b", 1};
  std::map<MessageQueue, int64_t> polled() const {
    std::map<MessageQueue, int64_t> offsets;
    queues_.eachPolled(
        [&](const MessageQueue& queue, int64_t offset) { offsets.emplace(queue, offset); });
    return offsets;
  }

  AssignedQueues queues_{{.messages_max = 6, .queue_messages_max = 4, .queue_bytes_max = 1 << 20}};
};

TEST_F(AssignedQueuesTest, OnePullAtATimeAndNoneWithoutRoom) {
  queues_.add(a_, 100);
  const auto pull = queues_.beginPull(a_);
  ASSERT_TRUE(pull.has_value());
  EXPECT_EQ(pull->offset, 100);
  EXPECT_FALSE(queues_.beginPull(a_).has_value());
  EXPECT_TRUE(queues_.endPull(a_, pull->epoch, 104, 0, makeMessages(100, 4)));
  EXPECT_FALSE(queues_.beginPull(a_).has_value()) << "the queue is full";
  EXPECT_EQ(poll(2), (Offsets{100, 101}));
  EXPECT_EQ(queues_.beginPull(a_)->offset, 104);
}

TEST_F(AssignedQueuesTest, PollTakesOneQueueAfterTheOther) {
  queues_.add(a_, 0);
  queues_.add(b_, 50);
  queues_.endPull(a_, queues_.beginPull(a_)->epoch, 3, 0, makeMessages(0, 3));
  queues_.endPull(b_, queues_.beginPull(b_)->epoch, 53, 0, makeMessages(50, 3));
  EXPECT_EQ(poll(2), (Offsets{0, 1}));
  EXPECT_EQ(poll(2), (Offsets{50, 51}));
  EXPECT_EQ(poll(2), (Offsets{2}));
  EXPECT_EQ(poll(2), (Offsets{52}));
  EXPECT_EQ(poll(2), (Offsets{}));
  EXPECT_EQ(polled(), (std::map<MessageQueue, int64_t>{{a_, 3}, {b_, 53}}));
}

TEST_F(AssignedQueuesTest, SeekDropsWhatIsCachedAndWhatIsUnderWay) {
  queues_.add(a_, 0);
  const auto old = queues_.beginPull(a_);
  EXPECT_TRUE(queues_.seek(a_, 500));
  EXPECT_EQ(queues_.beginPull(a_)->offset, 500) << "without waiting for the old pull";
  EXPECT_FALSE(queues_.endPull(a_, old->epoch, 2, 0, makeMessages(0, 2)));
  EXPECT_EQ(poll(9), (Offsets{}));
  EXPECT_EQ(polled().at(a_), 500);
  EXPECT_FALSE(queues_.seek(b_, 1));
}

TEST_F(AssignedQueuesTest, AFailedPullCountsAsUnderWayUntilItIsEnded) {
  queues_.add(a_, 5);
  const auto failed = queues_.beginPull(a_);
  EXPECT_FALSE(queues_.beginPull(a_).has_value());
  EXPECT_TRUE(queues_.endFailedPull(a_, failed->epoch));
  EXPECT_EQ(queues_.beginPull(a_)->offset, 5);
  queues_.seek(a_, 7);
  EXPECT_FALSE(queues_.endFailedPull(a_, failed->epoch));
}

TEST_F(AssignedQueuesTest, AQueueThatIsAddedAnewHasNoPullUnderWay) {
  queues_.add(a_, 5);
  const auto old = queues_.beginPull(a_);
  queues_.add(a_, 7);
  EXPECT_FALSE(queues_.endPull(a_, old->epoch, 9, 0, makeMessages(5, 2)));
  const auto next = queues_.beginPull(a_);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->offset, 7);
}

// Promise: who keeps what eachPolled() tells never learns of a queue after it was removed.
TEST_F(AssignedQueuesTest, NothingIsToldOfARemovedQueue) {
  Mutex mutex;
  std::set<MessageQueue> told;
  std::atomic<int> passes{0};
  std::atomic<bool> stop{false};
  std::thread teller([&] {
    while (!stop.load()) {
      queues_.eachPolled([&](const MessageQueue& queue, int64_t) {
        MutexLock lock(mutex);
        told.insert(queue);
      });
      ++passes;
      std::this_thread::yield();
    }
  });
  const auto awaitPass = [&passes] {
    for (const int seen = passes.load(); passes.load() == seen;) {
      std::this_thread::yield();
    }
  };
  size_t told_late = 0;
  for (int i = 0; i < 500; ++i) {
    queues_.add(a_, 0);
    queues_.seek(a_, 1);
    awaitPass();
    queues_.remove(a_);
    {
      MutexLock lock(mutex);
      told.erase(a_);
    }
    awaitPass();
    MutexLock lock(mutex);
    told_late += told.erase(a_);
  }
  stop.store(true);
  teller.join();
  EXPECT_EQ(told_late, 0u);
}

TEST_F(AssignedQueuesTest, PausedQueuesAreNeitherPulledNorPolled) {
  queues_.add(a_, 0);
  const auto pull = queues_.beginPull(a_);
  queues_.setPaused(a_, true);
  queues_.endPull(a_, pull->epoch, 2, 0, makeMessages(0, 2));
  EXPECT_EQ(poll(9), (Offsets{}));
  EXPECT_FALSE(queues_.beginPull(a_).has_value());
  queues_.setPaused(a_, false);
  EXPECT_EQ(poll(9), (Offsets{0, 1}));
}

// Promise: an application that pauses queues can go on with the others.
TEST_F(AssignedQueuesTest, WhatPausedQueuesHoldLeavesRoomForTheOthers) {
  const MessageQueue c{"T", "b", 2};
  for (const MessageQueue& queue : {a_, b_, c}) {
    queues_.add(queue, 0);
  }
  const auto fill = [this](const MessageQueue& queue) {
    const auto pull = queues_.beginPull(queue);
    return pull && queues_.endPull(queue, pull->epoch, 3, 0, makeMessages(0, 3));
  };
  EXPECT_TRUE(fill(a_));
  const auto late = queues_.beginPull(a_);
  EXPECT_TRUE(fill(b_));
  EXPECT_FALSE(fill(c)) << "six are held";
  queues_.setPaused(a_, true);
  queues_.setPaused(b_, true);
  queues_.setPaused(b_, true);
  EXPECT_TRUE(queues_.endPull(a_, late->epoch, 4, 0, makeMessages(3, 1)));
  EXPECT_TRUE(fill(c)) << "but by paused queues";
  EXPECT_EQ(poll(9).size(), 3u);
  queues_.remove(b_);

  queues_.setPaused(a_, false);
  EXPECT_TRUE(fill(c));
  EXPECT_FALSE(queues_.beginPull(c).has_value()) << "resumed, it counts again";
  EXPECT_EQ(poll(9).size(), 4u);
  EXPECT_TRUE(queues_.beginPull(c).has_value());
}

TEST_F(AssignedQueuesTest, ARemovedQueueGivesUpItsMessages) {
  queues_.add(a_, 0);
  queues_.endPull(a_, queues_.beginPull(a_)->epoch, 4, 0, makeMessages(0, 4));
  poll(1);
  queues_.remove(a_);
  EXPECT_EQ(poll(9), (Offsets{}));
  queues_.remove(a_);  // Once more does no harm.
  queues_.add(b_, 0);
  queues_.endPull(b_, queues_.beginPull(b_)->epoch, 4, 0, makeMessages(0, 4));
  EXPECT_EQ(poll(9).size(), 4u) << "the removed messages no longer count";
}

TEST_F(AssignedQueuesTest, CloseWakesAWaitingPoll) {
  std::thread waiting(
      [this] { EXPECT_TRUE(queues_.poll(1, steady_clock::time_point::max()).empty()); });
  queues_.close();
  waiting.join();
}

}  // namespace
}  // namespace rocketmq::client

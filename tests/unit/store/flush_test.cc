#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <mutex>

#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// What whenFlushed() has answered so far.
class Answers {
 public:
  MessageStore::FlushDone next() {
    return [this](const Status& flushed) {
      std::lock_guard lock(mutex_);
      answers_.push_back(flushed.code());
    };
  }
  size_t count() const {
    std::lock_guard lock(mutex_);
    return answers_.size();
  }
  std::vector<StatusCode> all() const {
    std::lock_guard lock(mutex_);
    return answers_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<StatusCode> answers_;
};

class StoreFlushTest : public StoreTest {
 protected:
  StoreFlushTest() { files_.setFaultPath("commitlog"); }

  std::chrono::steady_clock::time_point soon() const {
    return clock_.monotonic() + std::chrono::seconds(5);
  }
  Answers answers_;
};

class SyncFlushTest : public StoreFlushTest {
 protected:
  SyncFlushTest() { options_.flush_mode = FlushMode::kSync; }
};

TEST_F(StoreFlushTest, AsyncMessageIsVisibleAtOnceAndFlushedInTheBackground) {
  files_.holdSync();
  open();
  const PutResult result = put("A", 0, "x");
  EXPECT_THAT(bodies("A", 0), ElementsAre("x"));
  EXPECT_LT(store_->flushedOffset(), result.end_offset);
  store_->whenFlushed(result.end_offset, soon(), answers_.next());
  EXPECT_EQ(0u, answers_.count());
  files_.letSync();
  ASSERT_TRUE(eventually([&] { return answers_.count() == 1; }));
  EXPECT_THAT(answers_.all(), ElementsAre(StatusCode::kOk));
  EXPECT_EQ(result.end_offset, store_->flushedOffset());

  store_->whenFlushed(result.end_offset, soon(), answers_.next());
  EXPECT_THAT(answers_.all(), ElementsAre(StatusCode::kOk, StatusCode::kOk));  // At once.
}

// The page that appends go on in is left out of a flush, but not until the next thorough one.
TEST_F(StoreFlushTest, TheLastPageIsFlushedSoonAfterTheLastAppend) {
  options_.commit_log_file_bytes = 1 << 20;
  options_.flush_interval_ms = 5;
  options_.flush_thorough_interval_ms = 3'600'000;
  files_.holdSync();
  open();
  put("A", 0, std::string(20'000, 'b'));
  put("A", 0, std::string(20'000, 'b'));
  // Too little for a flush of its own, and the first sync begins before it or is yet to come.
  const int64_t end = put("A", 0, std::string(5'000, 'b')).end_offset;
  files_.letSync();
  EXPECT_TRUE(eventually([&] { return store_->flushedOffset() == end; }));
}

TEST_F(SyncFlushTest, MessageIsVisibleOnlyWhenItIsOnTheDisk) {
  std::atomic<int> arrivals{0};
  listener_ = [&](const Arrival&) { ++arrivals; };
  files_.holdSync();
  open();
  const PutResult first = put("A", 0, "x");
  const PutResult second = put("A", 0, "y");
  EXPECT_EQ(0, first.queue_offset);
  EXPECT_EQ(1, second.queue_offset);
  EXPECT_EQ(0, store_->maxOffset("A", 0));
  EXPECT_EQ(0, arrivals);
  EXPECT_EQ(second.end_offset, store_->dispatchBehindBytes());
  files_.letSync();
  // Nobody waits, and still it happens.
  EXPECT_TRUE(eventually([&] { return store_->maxOffset("A", 0) == 2 && arrivals == 2; }));
  EXPECT_THAT(bodies("A", 0), ElementsAre("x", "y"));
  EXPECT_EQ(0, store_->dispatchBehindBytes());
}

// The index thread may have looked for it, in vain, and have gone to sleep before the sync is over.
TEST_F(SyncFlushTest, KeyIsFoundOnceItsMessageIsOnTheDisk) {
  files_.holdSync();
  open();
  put("A", 0, "x", properties({{"KEYS", "k"}}));
  ASSERT_TRUE(indexSleeps());
  files_.letSync();
  EXPECT_TRUE(eventually(
      [&] { return store_->queryByKey("A", "k", 1, 0, int64_t{1} << 60).records.size() == 1; }));
}

TEST_F(SyncFlushTest, MessageIsVisibleWhenItsWaiterIsTold) {
  open();
  for (int i = 0; i < 200; ++i) {
    const PutResult result = put("A", 0, std::to_string(i));
    std::atomic<int64_t> seen{-1};
    store_->whenFlushed(result.end_offset, soon(), [&](const Status& flushed) {
      seen = flushed.isOk() ? store_->maxOffset("A", 0) : -2;
    });
    ASSERT_TRUE(eventually([&] { return seen != -1; }));
    ASSERT_GT(seen, result.queue_offset);
  }
}

TEST_F(SyncFlushTest, OneSyncServesAllWhoWait) {
  files_.holdSync();
  open();
  for (int i = 0; i < 100; ++i) {
    store_->whenFlushed(put("A", 0, "x").end_offset, soon(), answers_.next());
  }
  EXPECT_EQ(0u, answers_.count());
  files_.letSync();
  ASSERT_TRUE(eventually([&] { return answers_.count() == 100; }));
  EXPECT_THAT(answers_.all(), ::testing::Each(StatusCode::kOk));
}

// Promise: many queues are brought to the disk by one sync, and a failure of it is not forgotten.
TEST_F(StoreTest, ManyQueuesAreFlushedInOneCall) {
  options_.flush_queue_interval_ms = 3'600'000;
  open();
  // The first round, which comes at once, would flush some of them alone. It ends with this file.
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(root() + "/queueends"); }));
  for (int32_t queue_id = 0; queue_id < 100; ++queue_id) {
    send("A", queue_id, 1);
  }
  close();
  EXPECT_EQ(1, files_.syncs_of_all);
  files_.setFaultPath("consumequeue");
  open();
  EXPECT_THAT(bodies("A", 99), ElementsAre("m0"));
  for (int32_t queue_id = 0; queue_id < 100; ++queue_id) {
    send("B", queue_id, 1);
  }
  files_.fail_sync = true;
  EXPECT_FALSE(store_->close().isOk());
  EXPECT_TRUE(std::filesystem::exists(root() + "/abort")) << "the next start has to look closely";
}

TEST_F(SyncFlushTest, WaitEndsAtItsDeadlineThoughTheSyncHangs) {
  files_.holdSync();
  open();
  store_->whenFlushed(put("A", 0, "x").end_offset, soon(), answers_.next());
  store_->whenFlushed(put("A", 0, "y").end_offset, soon() + std::chrono::hours(1), answers_.next());
  clock_.advance(std::chrono::seconds(6));
  ASSERT_TRUE(eventually([&] { return answers_.count() == 1; }));
  EXPECT_THAT(answers_.all(), ElementsAre(StatusCode::kTimeout));
  files_.letSync();
  ASSERT_TRUE(eventually([&] { return answers_.count() == 2; }));
  EXPECT_THAT(answers_.all(), ElementsAre(StatusCode::kTimeout, StatusCode::kOk));
}

TEST_F(SyncFlushTest, RestartAfterACrashShowsWhatTheLogHas) {
  files_.holdSync();
  open();
  put("A", 0, "x");
  const std::string copy = crashedCopy();
  files_.letSync();
  close();
  options_.root_dir = copy;
  open();
  EXPECT_THAT(bodies("A", 0), ElementsAre("x"));
  EXPECT_EQ(1, put("A", 0, "y").queue_offset);
}

TEST_F(SyncFlushTest, TopicDeletedBeforeItsFlushStaysDeleted) {
  files_.holdSync();
  open();
  put("A", 0, "x");
  put("B", 0, "y");
  ASSERT_TRUE(store_->deleteTopic("A").isOk());
  EXPECT_EQ(0, put("A", 0, "new").queue_offset);
  files_.letSync();
  ASSERT_TRUE(eventually([&] { return store_->dispatchBehindBytes() == 0; }));
  EXPECT_THAT(bodies("A", 0), ElementsAre("new"));
  EXPECT_THAT(bodies("B", 0), ElementsAre("y"));
}

TEST_F(SyncFlushTest, FullDiskUnderTheQueuesHoldsMessagesBackUntilThereIsRoom) {
  files_.setFaultPath("consumequeue");
  open();
  ASSERT_TRUE(put("A", 0, "x").ok());
  ASSERT_TRUE(eventually([&] { return store_->maxOffset("A", 0) == 1; }));
  files_.disk_is_full = true;
  // The first page of a queue file is reserved at once; the second queue gets none.
  const PutResult refused = put("B", 0, "y");
  EXPECT_EQ(PutStatus::kServiceNotAvailable, refused.status);
  EXPECT_THAT(refused.detail, HasSubstr("No space left"));
  files_.disk_is_full = false;
  EXPECT_TRUE(put("B", 0, "y").ok());
  EXPECT_TRUE(eventually([&] { return store_->maxOffset("B", 0) == 1; }));
}

class FailedSyncTest : public StoreFlushTest, public ::testing::WithParamInterface<FlushMode> {};

TEST_P(FailedSyncTest, MakesTheStoreReadOnlyForGoodAndReadsGoOn) {
  options_.flush_mode = GetParam();
  open();
  ASSERT_TRUE(put("A", 0, "kept").ok());
  ASSERT_TRUE(flushEverything());
  ASSERT_TRUE(eventually([&] { return store_->maxOffset("A", 0) == 1; }));
  files_.fail_sync = true;
  const PutResult lost = put("A", 0, "lost");
  ASSERT_TRUE(lost.ok());
  store_->whenFlushed(lost.end_offset, soon(), answers_.next());
  ASSERT_TRUE(eventually([&] { return answers_.count() == 1; }));
  EXPECT_THAT(answers_.all(), ElementsAre(StatusCode::kReadOnly));
  EXPECT_THAT(store_->readOnlyReason(), HasSubstr("Input/output error"));

  // The disk seems well again, but nobody knows what it has dropped.
  files_.fail_sync = false;
  const PutResult refused = put("A", 0, "late");
  EXPECT_EQ(PutStatus::kServiceNotAvailable, refused.status);
  EXPECT_THAT(refused.detail, HasSubstr("Input/output error"));
  store_->whenFlushed(lost.end_offset, soon(), answers_.next());
  EXPECT_THAT(answers_.all(), ElementsAre(StatusCode::kReadOnly, StatusCode::kReadOnly));
  EXPECT_EQ("kept", bodies("A", 0).at(0));

  EXPECT_FALSE(store_->close().isOk());
  EXPECT_TRUE(std::filesystem::exists(root() + "/abort"));
  store_.reset();
  open();
  EXPECT_EQ("", store_->readOnlyReason());
  EXPECT_EQ("kept", bodies("A", 0).at(0));
}

INSTANTIATE_TEST_SUITE_P(BothModes, FailedSyncTest,
                         ::testing::Values(FlushMode::kAsync, FlushMode::kSync));

TEST_F(StoreFlushTest, CloseEndsEveryWait) {
  open();
  const PutResult result = put("A", 0, "x");
  store_->whenFlushed(result.end_offset + 1000, soon(), answers_.next());
  close();
  EXPECT_THAT(answers_.all(), ElementsAre(StatusCode::kClosed));
}

TEST_F(StoreFlushTest, FullDiskUnderTheLogIsServiceNotAvailableUntilThereIsRoom) {
  open();
  ASSERT_TRUE(put("A", 0, "x").ok());
  ASSERT_TRUE(eventually([&] { return std::filesystem::exists(logFile(kLogFileBytes)); }));
  files_.disk_is_full = true;
  PutResult last;
  int taken = 0;
  do {
    last = put("A", 0, std::string(1000, 'y'));
    taken += last.ok() ? 1 : 0;
  } while (last.ok() && taken < 1000);
  // What was reserved ahead is used up, no more.
  EXPECT_LT(taken, 64);
  EXPECT_EQ(PutStatus::kServiceNotAvailable, last.status);
  EXPECT_THAT(last.detail, HasSubstr("No space left"));
  EXPECT_EQ("", store_->readOnlyReason());
  files_.disk_is_full = false;
  EXPECT_TRUE(put("A", 0, "z").ok());
  restart();
  EXPECT_EQ(taken + 2, store_->maxOffset("A", 0));
}

TEST_F(StoreFlushTest, CheckpointIsWrittenWhenAllQueuesAreFlushed) {
  options_.flush_queue_thorough_interval_ms = 10;
  open();
  ASSERT_TRUE(put("A", 0, "x").ok());
  EXPECT_TRUE(eventually([&] { return !isZero(readFile(root() + "/checkpoint").substr(8, 8)); }));
}

}  // namespace
}  // namespace rocketmq::store::test

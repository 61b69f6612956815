// How old files leave the disk: how many at once, how fast, and what happens when one stays.
#include <algorithm>
#include <filesystem>

#include "store/queue/queue_entry.h"
#include "tests/unit/store/retention_fixture.h"

namespace rocketmq::store::test {
namespace {

class StoreRemovalTest : public StoreRetentionTest {
 protected:
  static constexpr int32_t kHourMs = 3'600'000;

  /// `files` full log files, all past their time.
  void fillWithOld(int files) {
    options_.live.file_reserved_hours = 0;
    open();
    fillUpTo(files * kLogFileBytes);
    for (int i = 0; i < files; ++i) {
      touch(logFile(i * kLogFileBytes), clock_.nowMs() - 1);
    }
  }
  void deleteFromNowOn() {
    options_.live.disk_used_percent_max = 10;
    files_.used_ratio = 0.2;
    store_->updateOptions(options_.live);
  }
  int logFilesBelow(int64_t end) const {
    int count = 0;
    for (int64_t base = 0; base < end; base += kLogFileBytes) {
      count += std::filesystem::exists(logFile(base)) ? 1 : 0;
    }
    return count;
  }
};

// deleteFileBatchMax, here 1.
TEST_F(StoreRemovalTest, ALookTakesNoMoreFilesThanAllowed) {
  options_.live.delete_files_max = 1;
  fillWithOld(24);
  const int before = files_.looks_at_space;
  deleteFromNowOn();
  int64_t gone = 0;
  ASSERT_TRUE(eventually([&] {
    gone = store_->commitLogMinOffset() / kLogFileBytes;
    const int looks = (files_.looks_at_space - before) / kLooksAtSpacePerPass + 1;
    EXPECT_LE(gone, looks);
    return gone >= 23 || HasFailure();
  }));
}

TEST_F(StoreRemovalTest, ByHandTwentyTimesAsManyGo) {
  options_.clean_resource_interval_ms = kHourMs;
  options_.live.delete_files_max = 1;
  fillWithOld(24);
  ASSERT_TRUE(store_->cleanExpiredFiles().isOk());
  EXPECT_EQ(20 * kLogFileBytes, store_->commitLogMinOffset());
}

// deleteCommitLogFilesInterval: nobody finds the files any more, and they leave the disk in turn.
TEST_F(StoreRemovalTest, BetweenTwoLogFilesIsAPause) {
  options_.live.delete_log_files_pause_ms = kHourMs;
  fillWithOld(6);
  deleteFromNowOn();
  ASSERT_TRUE(eventually([&] { return store_->commitLogMinOffset() >= 5 * kLogFileBytes; }));
  ASSERT_TRUE(eventually([&] { return logFilesBelow(5 * kLogFileBytes) < 5; }));
  EXPECT_FALSE(std::filesystem::exists(logFile(0))) << "the oldest goes first";
  EXPECT_FALSE(store_->recordAt(2 * kLogFileBytes).ok());
  awaitPass();
  EXPECT_EQ(4, logFilesBelow(5 * kLogFileBytes));
  close();
  EXPECT_EQ(0, logFilesBelow(5 * kLogFileBytes)) << "a stop waits for none";
}

TEST_F(StoreRemovalTest, ByHandThereIsNoPause) {
  options_.live.delete_log_files_pause_ms = kHourMs;
  options_.live.delete_queue_files_pause_ms = kHourMs;
  fillWithOld(6);
  ASSERT_TRUE(store_->cleanExpiredFiles().isOk());
  EXPECT_EQ(0, logFilesBelow(5 * kLogFileBytes));
  EXPECT_FALSE(std::filesystem::exists(queueFile("A", 0, 0)));
  EXPECT_FALSE(std::filesystem::exists(queueFile("A", 0, kQueueFileBytes)));
}

// deleteConsumeQueueFilesInterval.
TEST_F(StoreRemovalTest, BetweenTwoQueueFilesIsAPause) {
  options_.live.delete_queue_files_pause_ms = kHourMs;
  fillWithOld(6);
  deleteFromNowOn();
  ASSERT_TRUE(eventually([&] { return !std::filesystem::exists(queueFile("A", 0, 0)); }));
  awaitPass();
  EXPECT_TRUE(std::filesystem::exists(queueFile("A", 0, kQueueFileBytes)));
  EXPECT_EQ("m" + std::to_string(store_->minOffset("A", 0)),
            bodies("A", 0, store_->minOffset("A", 0)).front());
  close();
  EXPECT_FALSE(std::filesystem::exists(queueFile("A", 0, kQueueFileBytes)));
}

// redeleteHangedFileInterval. A younger file never goes before: the next start would find a gap.
TEST_F(StoreRemovalTest, AFileThatStaysIsTriedAgain) {
  options_.live.delete_again_interval_ms = 0;
  fillWithOld(6);
  files_.setFaultPath("/commitlog/");
  files_.fail_remove = true;
  EXPECT_NE("", store_->cleanExpiredFiles().message());
  EXPECT_LE(5 * kLogFileBytes, store_->commitLogMinOffset());
  awaitPass();
  EXPECT_EQ(5, logFilesBelow(5 * kLogFileBytes));
  files_.fail_remove = false;
  EXPECT_TRUE(eventually([&] { return logFilesBelow(5 * kLogFileBytes) == 0; }));
  EXPECT_TRUE(put("A", 0, "on").ok());
}

TEST_F(StoreRemovalTest, AndNotBeforeItsTime) {
  options_.live.delete_again_interval_ms = kHourMs;
  fillWithOld(6);
  files_.setFaultPath("/commitlog/");
  files_.fail_remove = true;
  deleteFromNowOn();
  ASSERT_TRUE(eventually([&] { return store_->commitLogMinOffset() >= 5 * kLogFileBytes; }));
  awaitPass();
  files_.fail_remove = false;
  awaitPass();
  EXPECT_EQ(5, logFilesBelow(5 * kLogFileBytes));
  EXPECT_TRUE(store_->cleanExpiredFiles().isOk()) << "but when asked for by hand";
  EXPECT_EQ(0, logFilesBelow(5 * kLogFileBytes));
}

// The new topic's files have the names of those that were to be removed.
TEST_F(StoreRemovalTest, ATopicThatIsMadeAgainKeepsItsFiles) {
  options_.live.delete_queue_files_pause_ms = kHourMs;
  fillWithOld(6);
  deleteFromNowOn();
  ASSERT_TRUE(eventually([&] { return !std::filesystem::exists(queueFile("A", 0, 0)); }));
  ASSERT_TRUE(store_->deleteTopic("A").isOk());
  fillUpTo(store_->commitLogMaxOffset() + 2 * kLogFileBytes);
  ASSERT_TRUE(std::filesystem::exists(queueFile("A", 0, kQueueFileBytes)));
  close();
  EXPECT_TRUE(std::filesystem::exists(queueFile("A", 0, 0)));
  EXPECT_TRUE(std::filesystem::exists(queueFile("A", 0, kQueueFileBytes)));
}

// One entry that points at the part that goes, or far behind the log.
TEST_F(StoreRemovalTest, ADamagedEntryDoesNotMakeOthersOld) {
  const std::string low = std::string(7, '\0') + '\7';
  const std::string high = '\x7F' + std::string(7, '\0');
  for (const auto& [offset, behind_border] :
       {std::pair(low, 0), std::pair(low, 1), std::pair(low, 40), std::pair(low, 80),
        std::pair(low, -1), std::pair(high, -1), std::pair(high, -20), std::pair(high, 0)}) {
    SCOPED_TRACE((offset == low ? "low " : "high ") + std::to_string(behind_border));
    options_.root_dir = dir_ / (std::to_string(behind_border) + (offset == low ? "low" : "high"));
    fill();
    const int64_t end = store_->maxOffset("A", 0);
    int64_t border = 0;
    while (store_->queueEntries("A", 0, border, 1).at(0).physical_offset < 2 * kLogFileBytes) {
      ++border;
    }
    close();
    const int64_t at = (border + behind_border) * kQueueEntryBytes;
    const int64_t base = at / kQueueFileBytes * kQueueFileBytes;
    patchFile(queueFile("A", 0, base), at - base, offset);
    open();
    makeOld(2);
    EXPECT_TRUE(store_->cleanExpiredFiles().isOk());
    ASSERT_EQ(2 * kLogFileBytes, store_->commitLogMinOffset());
    EXPECT_LE(store_->minOffset("A", 0), border);
    EXPECT_GE(store_->minOffset("A", 0), border - 2);
    // The first reader has the queue repaired.
    EXPECT_TRUE(eventually([&] { return std::ssize(bodies("A", 0, border)) == end - border; }));
    close();
  }
}

// A page of entries that all point at the part that goes, where a search by halves looks first.
TEST_F(StoreRemovalTest, ADamagedPageOfALongQueueDoesNotMakeOthersOld) {
  constexpr int kFiles = 90;
  constexpr int64_t kPageEntries = 200;
  options_.consume_queue_file_bytes = 20'000 * kQueueEntryBytes;
  open();
  fillUpTo(kFiles * kLogFileBytes);
  const int64_t end = store_->maxOffset("A", 0);
  const auto offsets = store_->queueEntries("A", 0, 0, static_cast<int32_t>(end));
  ASSERT_EQ(end, std::ssize(offsets));
  int old_files = 10;
  const auto border_of = [&](int files) {
    return std::partition_point(
               offsets.begin(), offsets.end(),
               [&](const auto& entry) { return entry.physical_offset < files * kLogFileBytes; }) -
           offsets.begin();
  };
  while (border_of(old_files) < 1000) {
    ++old_files;
  }
  const int64_t border = border_of(old_files);
  ASSERT_GT(end / 2, border + kPageEntries);
  close();
  for (int64_t i = 0; i < kPageEntries; ++i) {
    patchFile(queueFile("A", 0, 0), (end / 2 + i) * kQueueEntryBytes, std::string(7, '\0') + '\7');
  }
  open();
  makeOld(old_files);
  EXPECT_TRUE(store_->cleanExpiredFiles().isOk());
  ASSERT_EQ(old_files * kLogFileBytes, store_->commitLogMinOffset());
  EXPECT_LE(store_->minOffset("A", 0), border);
  EXPECT_GE(store_->minOffset("A", 0), border - 2);
}

}  // namespace
}  // namespace rocketmq::store::test

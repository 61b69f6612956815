#include <gmock/gmock.h>

#include <filesystem>

#include "common/local_time.h"
#include "store/log/segment.h"
#include "store/queue/queue_entry.h"
#include "tests/unit/store/retention_fixture.h"

namespace rocketmq::store::test {
namespace {

constexpr int64_t kQueueFileEntries = 50;

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(StoreRetentionTest, ManualCleaningTakesWhatIsPastItsTimeAndNotMore) {
  fill();
  EXPECT_TRUE(store_->cleanExpiredFiles().isOk());
  EXPECT_EQ(0, store_->commitLogMinOffset());
  makeOld(2);
  EXPECT_TRUE(store_->cleanExpiredFiles().isOk());
  EXPECT_EQ(2 * kLogFileBytes, store_->commitLogMinOffset());
  EXPECT_FALSE(std::filesystem::exists(logFile(0)));
  EXPECT_FALSE(std::filesystem::exists(logFile(kLogFileBytes)));
  EXPECT_TRUE(std::filesystem::exists(logFile(2 * kLogFileBytes)));
}

TEST_F(StoreRetentionTest, AFileThatIsYoungKeepsTheOlderOnesBehindIt) {
  fill();
  touch(logFile(kLogFileBytes), clock_.nowMs() - int64_t{100} * 3'600'000);
  EXPECT_TRUE(store_->cleanExpiredFiles().isOk());
  EXPECT_EQ(0, store_->commitLogMinOffset());
}

TEST_F(StoreRetentionTest, TheNewestFileStaysWhateverItsAge) {
  fill();
  makeOld(5);
  EXPECT_TRUE(store_->cleanExpiredFiles().isOk());
  EXPECT_EQ(4 * kLogFileBytes, store_->commitLogMinOffset());
  EXPECT_TRUE(put("A", 0, "on").ok());
}

TEST_F(StoreRetentionTest, QueuesAndIndexFollowTheLog) {
  fill();
  ASSERT_TRUE(eventually(
      [&] { return !store_->queryByKey("A", "k100", 10, 0, clock_.nowMs()).records.empty(); }));
  makeOld(3);
  EXPECT_TRUE(store_->cleanExpiredFiles().isOk());
  const int64_t log_min = 3 * kLogFileBytes;
  ASSERT_EQ(log_min, store_->commitLogMinOffset());

  const int64_t min = store_->minOffset("A", 0);
  EXPECT_GE(store_->queueEntries("A", 0, min, 1).at(0).physical_offset, log_min);
  EXPECT_LT(min, store_->maxOffset("A", 0));
  const GetResult too_small = get("A", 0, 0);
  EXPECT_EQ(GetStatus::kOffsetTooSmall, too_small.status);
  EXPECT_EQ(min, too_small.next_offset);
  EXPECT_EQ("m" + std::to_string(min), bodies("A", 0, min).front());
  EXPECT_FALSE(std::filesystem::exists(queueFile("A", 0, 0)));

  // A queue with nothing left keeps its offsets.
  EXPECT_EQ(3, store_->minOffset("Early", 0));
  EXPECT_EQ(3, store_->maxOffset("Early", 0));
  EXPECT_EQ(GetStatus::kOffsetOverflowOne, get("Early", 0, 3).status);

  EXPECT_TRUE(store_->queryByKey("A", "k100", 10, 0, clock_.nowMs()).records.empty());
  EXPECT_FALSE(store_->recordAt(0).ok());
  restart();
  EXPECT_EQ(min, store_->minOffset("A", 0));
  EXPECT_EQ(3, store_->minOffset("Early", 0));
  EXPECT_EQ(3, put("Early", 0, "late").queue_offset);
  EXPECT_THAT(bodies("Early", 0, 3), ElementsAre("late"));
  crash();
  EXPECT_EQ(min, store_->minOffset("A", 0));
  EXPECT_EQ("m" + std::to_string(min), bodies("A", 0, min).front());
}

TEST_F(StoreRetentionTest, AReaderKeepsWhatItHolds) {
  fill();
  const GetResult held = get("Early", 0, 0);
  ASSERT_EQ(GetStatus::kFound, held.status);
  makeOld(3);
  EXPECT_TRUE(store_->cleanExpiredFiles().isOk());
  EXPECT_EQ("e0", decodeRecord(held.slices[0].bytes, CrcCheck::kVerify)->body);
}

TEST_F(StoreRetentionTest, EntriesWhoseRecordsAreGoneAreSkippedToTheNextFile) {
  fill();
  const int64_t first_kept =
      store_->queueEntries("A", 0, 0, 1000).size() > 0 ? store_->maxOffset("A", 0) : 0;
  ASSERT_GT(first_kept, 0);
  close();
  // The log's first two files are gone and the queue does not know: its offsets are kept back by
  // entries that still point there.
  std::filesystem::remove(logFile(0));
  std::filesystem::remove(logFile(kLogFileBytes));
  open();
  const int64_t min = store_->minOffset("A", 0);
  EXPECT_GT(min, 0);
  EXPECT_EQ("m" + std::to_string(min), bodies("A", 0, min).front());
}

// A damaged queue that nobody has read yet has its messages still in the log.
TEST_F(StoreRetentionTest, EntriesThatAreZeroAreNotTakenForOldOnes) {
  fill();
  const int64_t end = store_->maxOffset("A", 0);
  const int64_t log_min = 2 * kLogFileBytes;
  int64_t first_kept = 0;
  while (store_->queueEntries("A", 0, first_kept, 1).at(0).physical_offset < log_min) {
    ++first_kept;
  }
  close();
  // From before the first of the log to be kept, and over at least one whole file behind it.
  const int64_t zeros_from = first_kept - 5;
  const int64_t zeros_to = first_kept + 2 * kQueueFileEntries;
  ASSERT_LT(zeros_to, end);
  for (int64_t index = zeros_from; index < zeros_to; ++index) {
    const int64_t base = index / kQueueFileEntries * kQueueFileBytes;
    patchFile(queueFile("A", 0, base), index * kQueueEntryBytes - base,
              std::string(kQueueEntryBytes, '\0'));
  }
  open();
  makeOld(2);
  EXPECT_TRUE(store_->cleanExpiredFiles().isOk());
  ASSERT_EQ(log_min, store_->commitLogMinOffset());
  EXPECT_EQ(zeros_from, store_->minOffset("A", 0)) << "what is in front of them is old";
  EXPECT_FALSE(std::filesystem::exists(queueFile("A", 0)));

  std::vector<std::string> wanted;
  for (int64_t index = first_kept; index < end; ++index) {
    wanted.push_back("m" + std::to_string(index));
  }
  // The first reader has the queue repaired.
  EXPECT_TRUE(eventually([&] { return bodies("A", 0, first_kept) == wanted; }));
}

TEST_F(StoreRetentionTest, OldFilesGoAtTheHourOfDeletion) {
  fill();
  makeOld(2);
  options_.live.delete_when = "99;" + std::to_string(localTime(clock_.nowMs()).tm_hour);
  store_->updateOptions(options_.live);
  EXPECT_TRUE(logBeginsAt(2 * kLogFileBytes));
}

// deleteWhen "04;16": of all hours of a day only these.
TEST_F(StoreRetentionTest, SeveralHoursOfDeletionAreThoseAndNoOthers) {
  options_.live.file_reserved_hours = 0;
  options_.live.delete_when = "04;16";
  open();
  const auto hour = [&] { return localTime(clock_.nowMs()).tm_hour; };
  while (hour() == 4 || hour() == 16) {
    clock_.advance(std::chrono::hours(1));
  }
  int deletions = 0;
  for (int i = 0; i < 24; ++i, clock_.advance(std::chrono::hours(1))) {
    const int64_t begin = store_->commitLogMinOffset();
    if (store_->commitLogMaxOffset() < begin + 2 * kLogFileBytes) {
      fillUpTo(begin + 2 * kLogFileBytes);
      touch(logFile(begin), clock_.nowMs() - 1);
      touch(logFile(begin + kLogFileBytes), clock_.nowMs() - 1);
    }
    awaitPass();
    const bool deleted = store_->commitLogMinOffset() > begin;
    EXPECT_EQ(deleted, hour() == 4 || hour() == 16) << hour();
    deletions += deleted ? 1 : 0;
  }
  EXPECT_EQ(2, deletions);
}

// A file's age counts from its last change, and it stays up to and with its last millisecond.
TEST_F(StoreRetentionTest, AFileStaysUntilItsReservedTimeIsOver) {
  fill();
  touch(logFile(0), clock_.nowMs() - int64_t{72} * 3'600'000);
  EXPECT_TRUE(store_->cleanExpiredFiles().isOk());
  EXPECT_EQ(0, store_->commitLogMinOffset());
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_TRUE(store_->cleanExpiredFiles().isOk());
  EXPECT_EQ(kLogFileBytes, store_->commitLogMinOffset());
}

// RocketMQ: a manual deletion is 20 passes of 10 files each.
TEST_F(StoreRetentionTest, ManualCleaningTakesMoreThanOnePass) {
  options_.clean_resource_interval_ms = 3'600'000;
  options_.live.file_reserved_hours = 0;
  open();
  fillUpTo(25 * kLogFileBytes);
  for (int64_t base = 0; base < 25 * kLogFileBytes; base += kLogFileBytes) {
    touch(logFile(base), clock_.nowMs() - 1);
  }
  EXPECT_TRUE(store_->cleanExpiredFiles().isOk());
  EXPECT_GE(store_->commitLogMinOffset(), 24 * kLogFileBytes);
}

// Levels are passed when the disk is used more than they say: 75 % for expired files at any hour,
// 85 % for files of any age.
TEST_F(StoreRetentionTest, AtALevelNothingHappensYet) {
  fill();
  makeOld(1);
  files_.used_ratio = 0.75;
  awaitPass();
  EXPECT_EQ(0, store_->commitLogMinOffset());
  files_.used_ratio = 0.85;
  EXPECT_TRUE(logBeginsAt(kLogFileBytes));
  awaitPass();
  EXPECT_EQ(kLogFileBytes, store_->commitLogMinOffset());
  files_.used_ratio = 0.90;
  awaitPass();
  EXPECT_EQ("", store_->readOnlyReason());
}

// diskMaxUsedSpaceRatio counts from 10 to 95 percent.
TEST_F(StoreRetentionTest, TheLevelForExpiredFilesHasALeast) {
  options_.live.disk_used_percent_max = 1;
  fill();
  makeOld(1);
  files_.used_ratio = 0.10;
  awaitPass();
  EXPECT_EQ(0, store_->commitLogMinOffset());
  files_.used_ratio = 0.11;
  EXPECT_TRUE(logBeginsAt(kLogFileBytes));
}

TEST_F(StoreRetentionTest, IndexFilesGoWithTheRecordsTheyPointAtButNotTheLast) {
  fill();
  ASSERT_TRUE(filledIsIndexed());
  const int before = indexFiles();
  ASSERT_GE(before, 2);
  makeOld(4);
  EXPECT_TRUE(store_->cleanExpiredFiles().isOk());
  EXPECT_LT(indexFiles(), before);
  EXPECT_GE(indexFiles(), 1);
}

TEST_F(StoreRetentionTest, OldFilesGoAtAnyHourWhenTheDiskIsUsedMuch) {
  fill();
  makeOld(2);
  files_.used_ratio = 0.76;
  EXPECT_TRUE(logBeginsAt(2 * kLogFileBytes));
}

TEST_F(StoreRetentionTest, YoungFilesGoWhenTheDiskGetsCritical) {
  fill();
  files_.used_ratio = 0.86;
  EXPECT_TRUE(logBeginsAt(4 * kLogFileBytes));
  EXPECT_TRUE(put("A", 0, "still taken").ok());
}

TEST_F(StoreRetentionTest, YoungFilesStayWhenForcedCleaningIsOff) {
  options_.live.clean_file_forcibly = false;
  fill();
  files_.used_ratio = 0.95;
  ASSERT_TRUE(eventually([&] { return !store_->readOnlyReason().empty(); }));
  EXPECT_TRUE(store_->cleanExpiredFiles().isOk());
  EXPECT_EQ(0, store_->commitLogMinOffset());
}

TEST_F(StoreRetentionTest, FullDiskRefusesPutsUntilItIsWellBelow) {
  open();
  send("A", 0, 1);
  files_.used_ratio = 0.91;
  ASSERT_TRUE(eventually([&] { return !store_->readOnlyReason().empty(); }));
  const PutResult refused = put("A", 0, "x");
  EXPECT_EQ(PutStatus::kServiceNotAvailable, refused.status);
  EXPECT_THAT(refused.detail, HasSubstr("disk"));
  EXPECT_DOUBLE_EQ(0.91, store_->diskUsedRatio());
  EXPECT_THAT(bodies("A", 0), ElementsAre("m0"));

  // Not at once below the warning level, where it would flutter ...
  files_.used_ratio = 0.88;
  store_->updateOptions(options_.live);
  EXPECT_NE("", store_->readOnlyReason());
  // ... but below the level of forced cleaning.
  files_.used_ratio = 0.85;
  EXPECT_TRUE(eventually([&] { return store_->readOnlyReason().empty(); }));
  EXPECT_TRUE(put("A", 0, "y").ok());
}

// However long the interval: what is written has the disk looked at, the sooner the less is left.
TEST_F(StoreRetentionTest, ADiskThatFillsUpFastIsNoticedByWhatIsWritten) {
  options_.clean_resource_interval_ms = 3'600'000;
  files_.disk_bytes = 16 << 20;
  open();
  send("A", 0, 1);
  files_.used_ratio = 0.91;
  const int64_t begin = store_->commitLogMaxOffset();
  PutResult last;
  const bool is_refused = eventually([&] {
    last = put("A", 0, std::string(1'000, 'x'));
    return !last.ok();
  });
  ASSERT_TRUE(is_refused);
  EXPECT_EQ(PutStatus::kServiceNotAvailable, last.status);
  EXPECT_THAT(last.detail, HasSubstr("disk is too full"));
  EXPECT_GT(store_->commitLogMaxOffset() - begin, 1 << 20) << "looked at with every message";
}

TEST_F(StoreRetentionTest, NoIndexFileTakesMuchOfWhatIsLeft) {
  options_.index_hash_slots = 100'000;
  files_.disk_bytes = 800'000;
  open();
  ASSERT_TRUE(put("A", 0, "x", properties({{"KEYS", "k"}})).ok());
  const int before = files_.looks_at_space;
  ASSERT_TRUE(eventually([&] { return files_.looks_at_space > before + 20; }));
  EXPECT_EQ(0, indexFiles());
  files_.disk_bytes = 10'000'000;
  EXPECT_TRUE(eventually([&] { return indexFiles() == 1; }));
}

TEST_F(StoreRetentionTest, StoreOnAFullDiskOpensReadOnlyAndKeepsItsMark) {
  files_.used_ratio = 0.95;
  open();
  EXPECT_FALSE(put("A", 0, "x").ok());
  close();
  EXPECT_TRUE(std::filesystem::exists(root() + "/abort"));
}

TEST_F(StoreRetentionTest, DeletedTopicIsGoneAndStaysGone) {
  open();
  send("A", 0, 3);
  send("A", 7, 3);
  send("B", 0, 3);
  EXPECT_EQ((std::set<std::string>{"A", "B"}), store_->topics());
  EXPECT_TRUE(store_->deleteTopic("A").isOk());
  EXPECT_EQ(std::set<std::string>{"B"}, store_->topics());
  EXPECT_EQ(GetStatus::kNoMatchedQueue, get("A", 0, 0).status);
  EXPECT_EQ(0, store_->maxOffset("A", 7));
  EXPECT_FALSE(std::filesystem::exists(root() + "/consumequeue/A"));
  restart();
  EXPECT_EQ(std::set<std::string>{"B"}, store_->topics());
  EXPECT_EQ(0, put("A", 0, "again").queue_offset);
  EXPECT_THAT(bodies("A", 0), ElementsAre("again"));
  EXPECT_THAT(bodies("B", 0), ElementsAre("m0", "m1", "m2"));
}

TEST_F(StoreRetentionTest, DeletedTopicWithTheNewestMessagesDoesNotComeBack) {
  open();
  send("B", 0, 3);
  send("A", 0, 3);
  EXPECT_TRUE(store_->deleteTopic("A").isOk());
  const int64_t end = store_->commitLogMaxOffset();
  restart();
  EXPECT_EQ(end, store_->commitLogMaxOffset());
  EXPECT_EQ(std::set<std::string>{"B"}, store_->topics());
  EXPECT_EQ(0, put("A", 0, "again").queue_offset);
  restart();
  EXPECT_THAT(bodies("A", 0), ElementsAre("again"));
}

TEST_F(StoreRetentionTest, DeletedTopicsStayDeletedWhenTheirQueuesAreRebuiltFromTheLog) {
  open();
  send("A", 0, 3);
  send("B", 0, 2, "b");
  EXPECT_TRUE(store_->deleteTopic("A").isOk());
  crash();
  EXPECT_EQ(std::set<std::string>{"B"}, store_->topics());
  EXPECT_EQ(0, put("A", 0, "again").queue_offset);
  close();
  std::filesystem::remove_all(root() + "/consumequeue");
  writeFile(root() + "/abort", "");
  open();
  EXPECT_THAT(bodies("A", 0), ElementsAre("again"));
  EXPECT_THAT(bodies("B", 0), ElementsAre("b0", "b1"));
}

TEST_F(StoreRetentionTest, ADeletionThatWasCutShortIsFinishedByTheNextStart) {
  open();
  send("A", 0, 3);
  copyFolder(root() + "/consumequeue/A", dir_ / "kept");
  EXPECT_TRUE(store_->deleteTopic("A").isOk());
  close();
  copyFolder(dir_ / "kept", root() + "/consumequeue/A");
  open();
  EXPECT_TRUE(store_->topics().empty());
  EXPECT_FALSE(std::filesystem::exists(root() + "/consumequeue/A"));
}

TEST_F(StoreRetentionTest, WhatComesAfterALostTailIsNotDeleted) {
  open();
  send("B", 0, 1, "b");
  const int64_t end = store_->commitLogMaxOffset();
  send("A", 0, 3);
  EXPECT_TRUE(store_->deleteTopic("A").isOk());
  close();
  patchFile(logFile(0), end, std::string(100, '\0'));
  writeFile(root() + "/abort", "");
  open();
  ASSERT_EQ(end, store_->commitLogMaxOffset());
  EXPECT_TRUE(put("A", 0, "new").ok());
  crash();
  EXPECT_THAT(bodies("A", 0), ElementsAre("new"));
}

TEST_F(StoreRetentionTest, ADamagedNoteOfADeletionDeletesNothingElse) {
  for (const bool has_copy : {true, false}) {
    for (const bool cleanly : {true, false}) {
      SCOPED_TRACE(std::string(has_copy ? "copy" : "no copy") + (cleanly ? ", stop" : ", kill"));
      options_.root_dir = dir_ / std::to_string(has_copy * 2 + cleanly);
      open();
      send("A", 0, 3, "old");
      send("B", 0, 2, "b");
      EXPECT_TRUE(store_->deleteTopic("A").isOk());
      send("A", 0, 2, "new");
      send("B", 0, 20, "b");
      close();
      const std::string file = root() + "/deletedtopics";
      std::string text = readFile(file);
      const size_t end = text.find(':', text.find("\"A\"")) + 1;
      const size_t name = text.find("\"A\"") + 1;
      if (!has_copy) {
        std::filesystem::remove(file + ".bak");
      }
      for (const auto& [at, byte] : {std::pair(end, '9'), std::pair(name, 'B')}) {
        ASSERT_NE(byte, text[at]);
        patchFile(file, static_cast<int64_t>(at), std::string(1, byte));
        if (!cleanly) {
          writeFile(root() + "/abort", "");
          std::filesystem::remove(root() + "/queueends");
        }
        open();
        EXPECT_THAT(bodies("A", 0), ElementsAre("new0", "new1"));
        EXPECT_EQ(22, store_->maxOffset("B", 0));
        close();
        patchFile(file, static_cast<int64_t>(at), text.substr(at, 1));
      }
    }
  }
}

TEST_F(StoreRetentionTest, ADeletionIsKnownByItsCopyWhenTheFileIsDamagedOrGone) {
  for (const bool is_gone : {false, true}) {
    SCOPED_TRACE(is_gone);
    options_.root_dir = dir_ / (is_gone ? "gone" : "damaged");
    open();
    send("A", 0, 3, "old");
    send("B", 0, 2, "b");
    EXPECT_TRUE(store_->deleteTopic("A").isOk());
    close();
    writeFile(root() + "/deletedtopics", "{");
    if (is_gone) {
      std::filesystem::remove(root() + "/deletedtopics");
    }
    std::filesystem::remove_all(root() + "/consumequeue");
    std::filesystem::remove(root() + "/queueends");
    writeFile(root() + "/abort", "");
    open();
    EXPECT_EQ(std::set<std::string>{"B"}, store_->topics());
    close();
  }
}

// As an earlier version wrote it.
TEST_F(StoreRetentionTest, ANoteWithoutACrcIsNotBelievedAgainstTheLogAndTheTableOfTopics) {
  options_.topic_exists = [](std::string_view topic) { return topic != "Gone"; };
  open();
  send("Gone", 0, 2);
  send("A", 0, 3, "a");
  send("B", 0, 2, "b");
  const int64_t end = store_->commitLogMaxOffset();
  close();
  writeFile(root() + "/deletedtopics", "{\"deletedTopics\":{\"A\":" + std::to_string(end) +
                                           ",\"B\":" + std::to_string(end * 10'000) +
                                           ",\"Gone\":" + std::to_string(end) + "}}");
  open();
  EXPECT_EQ((std::set<std::string>{"A", "B"}), store_->topics());
  close();
  std::filesystem::remove_all(root() + "/consumequeue/B");
  open();
  EXPECT_THAT(bodies("B", 0), ElementsAre("b0", "b1"));
}

// No folder can have it, so that there is nothing to delete, and nothing to note either.
TEST_F(StoreRetentionTest, ANameThatIsTooLongForAFolderEndsNoStart) {
  const std::string longest(255, 'a');
  open();
  send("A", 0, 1);
  send(longest, 0, 1);
  EXPECT_EQ(PutStatus::kMessageIllegal, put(longest + "a", 0, "m").status);
  EXPECT_TRUE(store_->deleteTopic(longest + "a").isOk());
  EXPECT_TRUE(store_->deleteTopic(longest).isOk());
  restart();
  EXPECT_EQ(std::set<std::string>{"A"}, store_->topics());
  close();
  // As an earlier version noted it.
  writeFile(root() + "/deletedtopics", "{\"deletedTopics\":{\"" + longest + "a\":100}}");
  open();
  EXPECT_EQ(std::set<std::string>{"A"}, store_->topics());
}

TEST_F(StoreRetentionTest, DeletingWhatIsNoTopicIsRefused) {
  open();
  send("A", 0, 1);
  for (const std::string topic : {"..", ".", "", "../commitlog", "A/0"}) {
    EXPECT_EQ(StatusCode::kInvalidArgument, store_->deleteTopic(topic).code()) << topic;
  }
  EXPECT_TRUE(store_->deleteTopic("unknown").isOk());
  EXPECT_THAT(bodies("A", 0), ElementsAre("m0"));
}

}  // namespace
}  // namespace rocketmq::store::test

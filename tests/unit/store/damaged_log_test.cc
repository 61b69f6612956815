// Starts with a log that is damaged, or whose files cannot be read.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "store/log/commit_log.h"
#include "store/log/record_walker.h"
#include "store/log/segment.h"
#include "store/recovery/cut_tail.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using ::testing::HasSubstr;

class DamagedLogTest : public StoreTest {
 protected:
  static constexpr int kMessages = 1000;  // Six log files.

  void fill() {
    open();
    send("A", 0, kMessages);
    ASSERT_GT(store_->commitLogMaxOffset(), 5 * kLogFileBytes);
  }
  /// Fills a store of its own, for each way to stop it.
  void fillToStop(bool cleanly) {
    options_.root_dir = dir_ / (cleanly ? "clean" : "killed");
    fill();
  }
  void stop(bool cleanly) { cleanly ? close() : kill(); }
  /// Replaces the store by one that was killed now, not opened.
  void kill() {
    const std::string copy = crashedCopy();
    close();
    options_.root_dir = copy;
  }
  /// As a store that comes from a Java broker without a checkpoint.
  void forgetCheckpoint() {
    std::filesystem::remove(root() + "/checkpoint");
    std::filesystem::remove(root() + "/queueends");
  }
  int64_t logFiles() const {
    return std::distance(std::filesystem::directory_iterator(root() + "/commitlog"), {});
  }
  /// Spoils the magic number of the message's record. The offset where that begins.
  int64_t damage(int64_t physical_offset) {
    patchFile(logFile(physical_offset / kLogFileBytes * kLogFileBytes),
              physical_offset % kLogFileBytes + 4, "\x55");
    return physical_offset;
  }
  /// Expects a start to lose the message that is damaged and nothing else.
  void expectOnlyOneLost() {
    const int64_t files = logFiles();
    open();
    // A believed queue is repaired when it is read.
    EXPECT_TRUE(eventually([&] { return bodies("A", 0).size() == size_t{kMessages - 1}; }));
    EXPECT_EQ(kMessages, store_->maxOffset("A", 0));
    EXPECT_GE(logFiles(), files - 1);  // The one made ahead may go.
  }
  /// Expects a start to end with the reason why a file, else one in the middle of the log, cannot
  /// be read, and nothing to be lost by it.
  void expectRefusedUnharmed(const std::string& path = "commitlog/" +
                                                       segmentFileName(2 * kLogFileBytes)) {
    const int64_t files = logFiles();
    files_.setFaultPath(path);
    files_.fail_map = true;
    const Status refused = tryOpen();
    EXPECT_EQ(StatusCode::kIo, refused.code());
    EXPECT_THAT(refused.message(), HasSubstr("Permission denied"));
    EXPECT_EQ(files, logFiles());
    files_.fail_map = false;
    files_.setFaultPath("");
    open();
    EXPECT_EQ(size_t{kMessages}, bodies("A", 0).size());
    EXPECT_EQ(kMessages, put("A", 0, "next").queue_offset);
    close();
  }
};

TEST_F(DamagedLogTest, AFileThatCannotBeReadEndsTheStartAndNotTheLog) {
  fill();
  kill();
  forgetCheckpoint();
  expectRefusedUnharmed();
}

TEST_F(DamagedLogTest, AFileThatCannotBeReadIsNotPassedOverWhenAQueueIsMadeAnew) {
  fill();
  close();
  std::filesystem::remove_all(root() + "/consumequeue/A");
  expectRefusedUnharmed();
}

TEST_F(DamagedLogTest, AQueueFileThatCannotBeReadEndsTheStartAndNotTheQueue) {
  const std::string last = "consumequeue/A/0/" + segmentFileName(kMessages * 20 - kQueueFileBytes);
  for (const bool cleanly : {false, true}) {
    SCOPED_TRACE(cleanly ? "after a clean stop" : "after a kill");
    fillToStop(cleanly);
    stop(cleanly);
    forgetCheckpoint();
    expectRefusedUnharmed(last);
  }
}

TEST_F(DamagedLogTest, AFileThatCannotBeReadIsNotTakenForDamage) {
  fill();
  close();
  std::filesystem::remove_all(root() + "/consumequeue/A");
  // Looked for behind it: the next record is in the file that cannot be read.
  patchFile(logFile(kLogFileBytes), 4, std::string(kLogFileBytes - 4, '\x55'));
  files_.setFaultPath("commitlog/" + segmentFileName(2 * kLogFileBytes));
  files_.fail_map = true;
  EXPECT_THAT(tryOpen().message(), HasSubstr("Permission denied"));
  files_.fail_map = false;
  open();
  EXPECT_EQ(kMessages, store_->maxOffset("A", 0));
}

TEST_F(DamagedLogTest, DamageInFrontOfAWholeFileIsSteppedOverWithoutKnownEnds) {
  for (const bool cleanly : {false, true}) {
    SCOPED_TRACE(cleanly ? "after a clean stop" : "after a kill");
    fillToStop(cleanly);
    const int64_t at = readAll(*store_, "A", 0).at(75).physical_offset;
    stop(cleanly);
    forgetCheckpoint();
    std::filesystem::remove_all(root() + "/consumequeue/A");
    damage(at);
    expectOnlyOneLost();
    close();
  }
}

// The second message that is damaged is the last of its queue: only the queue's files tell of it.
TEST_F(DamagedLogTest, DamageBehindTheKnownEndsIsSteppedOverInFrontOfAWholeFile) {
  for (const bool has_known_ends : {true, false}) {
    SCOPED_TRACE(has_known_ends ? "with known ends" : "without known ends");
    options_.root_dir = dir_ / (has_known_ends ? "known" : "unknown");
    options_.flush_queue_thorough_interval_ms = 1'000'000;
    open();
    send("B", 0, 60, "b");
    close();
    std::filesystem::remove(root() + "/queueends");
    open();
    ASSERT_TRUE(eventually([&] { return std::filesystem::exists(root() + "/queueends"); }));
    send("A", 0, 100);
    send("B", 0, 60, "b");
    const int64_t last_of_b = readAll(*store_, "B", 0).back().physical_offset;
    send("A", 0, kMessages - 100);
    const int64_t in_a = readAll(*store_, "A", 0).at(75).physical_offset;
    ASSERT_LT(last_of_b, store_->commitLogMaxOffset() - 2 * kLogFileBytes);
    kill();
    if (!has_known_ends) {
      forgetCheckpoint();
    }
    damage(in_a);
    damage(last_of_b);
    expectOnlyOneLost();
    EXPECT_EQ(120, store_->maxOffset("B", 0));
    EXPECT_EQ(size_t{119}, bodies("B", 0).size());
    EXPECT_EQ(120, put("B", 0, "next").queue_offset);
    EXPECT_EQ(kMessages, put("A", 0, "next").queue_offset);
    close();
  }
}

TEST_F(DamagedLogTest, DamageThatWasSteppedOverDoesNotCutTheLogAtALaterStart) {
  fill();
  const int64_t at = readAll(*store_, "A", 0).at(75).physical_offset;
  close();
  damage(at);
  for (int start = 0; start < 2; ++start) {
    expectOnlyOneLost();
    kill();
    forgetCheckpoint();
  }
  expectOnlyOneLost();
}

TEST_F(DamagedLogTest, AClockThatWasSetBackDoesNotMakeAStartForgetWhatIsKnown) {
  for (const bool cleanly : {false, true}) {
    options_.flush_queue_thorough_interval_ms = 1;
    fillToStop(cleanly);
    const int64_t at = readAll(*store_, "A", 0).at(940).physical_offset;
    close();
    options_.flush_queue_thorough_interval_ms = 1'000'000;
    open();
    stop(cleanly);
    damage(at);
    clock_.advance(-std::chrono::hours(48));
    // Known ends alone step over what is in the newest file.
    std::filesystem::remove_all(root() + "/consumequeue/A");
    expectOnlyOneLost();
    close();
    clock_.advance(std::chrono::hours(48));
  }
}

TEST_F(DamagedLogTest, TheFirstRoundAfterAStartLeavesKnownEnds) {
  options_.flush_queue_thorough_interval_ms = 1'000'000;
  fill();
  close();
  std::filesystem::remove(root() + "/queueends");
  open();
  EXPECT_TRUE(eventually([&] { return std::filesystem::exists(root() + "/queueends"); }));
}

TEST_F(DamagedLogTest, OffsetsAreNotGivenAgainWhenTheEndOfTheLogIsGone) {
  for (const bool is_zeroed : {false, true}) {
    SCOPED_TRACE(is_zeroed ? "zeroed" : "removed");
    options_.root_dir = dir_ / (is_zeroed ? "zeroed" : "removed");
    fill();
    send("B", 0, 10, "b");
    const int64_t end = store_->commitLogMaxOffset();
    close();
    const int64_t base = end / kLogFileBytes * kLogFileBytes;
    if (is_zeroed) {
      patchFile(logFile(base), 0, std::string(kLogFileBytes, '\0'));
    } else {
      std::filesystem::remove(logFile(base));
    }
    open();
    const int64_t lost_from = std::ssize(bodies("A", 0));
    EXPECT_LT(lost_from, kMessages);
    EXPECT_EQ(kMessages, store_->maxOffset("A", 0));
    EXPECT_EQ(kMessages, put("A", 0, "next").queue_offset);
    EXPECT_EQ(10, put("B", 0, "next").queue_offset);
    // The file with the ends of the longer log is not believed of the one that grows in its place.
    send("A", 0, 300);
    kill();
    open();
    EXPECT_EQ(kMessages + 301, store_->maxOffset("A", 0));
    EXPECT_EQ(301, std::ssize(bodies("A", 0, kMessages)));
    close();
  }
}

// As a Java broker leaves it.
TEST_F(DamagedLogTest, OffsetsAreNotGivenAgainWhenTheLastRecordIsDamagedAfterACleanStop) {
  fill();
  send("B", 0, 10, "b");
  const int64_t last = readAll(*store_, "B", 0).back().physical_offset;
  close();
  std::filesystem::remove(root() + "/queueends");
  damage(last);
  open();
  EXPECT_EQ(10, store_->maxOffset("B", 0));
  EXPECT_EQ(size_t{9}, bodies("B", 0).size());
  EXPECT_EQ(10, put("B", 0, "next").queue_offset);
  EXPECT_EQ(kMessages, put("A", 0, "next").queue_offset);
  EXPECT_EQ(size_t{kMessages + 1}, bodies("A", 0).size());
}

TEST_F(DamagedLogTest, AFileThatReadersCannotReadIsToldOfOnceASecond) {
  options_.message_index_enable = false;  // Its thread reads the log, too.
  for (const std::string folder : {"commitlog", "consumequeue"}) {
    SCOPED_TRACE(folder);
    options_.root_dir = dir_ / folder;
    fill();
    restart();
    files_.setFaultPath(folder + (folder == "commitlog" ? "/" : "/A/0/") + segmentFileName(0));
    files_.fail_map = true;
    std::string told;
    // A test before this one may have used up the second's line.
    EXPECT_TRUE(eventually([&] {
      ::testing::internal::CaptureStderr();
      for (int i = 0; i < 50; ++i) {
        get("A", 0, 0);
      }
      told = ::testing::internal::GetCapturedStderr();
      return told.find("Permission denied") != std::string::npos;
    }));
    EXPECT_LT(std::count(told.begin(), told.end(), '\n'), 10);
    files_.fail_map = false;
    close();
  }
}

TEST_F(DamagedLogTest, WhatIsCutOffIsCounted) {
  fill();
  const auto all = readAll(*store_, "A", 0);
  const int64_t end = store_->commitLogMaxOffset();
  close();
  const auto log =
      CommitLog::load(files_, {.dir = root() + "/commitlog", .file_bytes = kLogFileBytes});
  ASSERT_TRUE(log.ok());
  const int64_t bad = damage(all.at(700).physical_offset);
  auto tail = tailBehind(files_, **log, bad);
  ASSERT_TRUE(tail.ok());
  EXPECT_EQ(end, tail->end);
  EXPECT_EQ(kMessages - 701, tail->records);
  tail = tailBehind(files_, **log, end);
  ASSERT_TRUE(tail.ok());
  EXPECT_EQ(end, tail->end);
  EXPECT_EQ(0, tail->records);
}

TEST_F(DamagedLogTest, ReadingAllOfALogKeepsFewFilesOpen) {
  options_.message_index_enable = false;
  for (const bool cleanly : {false, true}) {
    fillToStop(cleanly);
    send("A", 0, 3 * kMessages);
    stop(cleanly);
    ASSERT_GT(logFiles(), 20);
    forgetCheckpoint();
    std::filesystem::remove_all(root() + "/consumequeue/A");
    files_.setFaultPath("commitlog");
    files_.mapped_most = 0;
    open();
    EXPECT_LE(files_.mapped_most, 12);  // A checkpoint looks at places in the last of them.
    EXPECT_EQ(size_t{4 * kMessages}, bodies("A", 0).size());
    close();
  }
}

// What it leaves of the queues is not to be believed, though the stop before it was a clean one.
TEST_F(DamagedLogTest, StartThatDistrustsTheQueuesAndDiesIsSeenByTheNext) {
  fill();
  close();
  forgetCheckpoint();
  constexpr int64_t kLastFile = (kMessages - 50) * 20;
  patchFile(queueFile("A", 0, kLastFile), 49 * 20 + 4, "\x01");
  files_.setFaultPath("commitlog");
  files_.fail_sync = true;
  EXPECT_EQ(StatusCode::kIo, tryOpen().code());
  EXPECT_TRUE(std::filesystem::exists(root() + "/abort"));
  files_.fail_sync = false;
  open();
  EXPECT_EQ(size_t{kMessages}, bodies("A", 0).size());
}

// A tmpfs that is full has no block for a hole that is read through a mapping: SIGBUS.
TEST_F(DamagedLogTest, AStartReadsNothingOfAFileThatWasMadeAhead) {
  fill();
  close();
  const int64_t base = logFiles() * kLogFileBytes;
  for (const int64_t empty : {base, base + kLogFileBytes}) {
    writeFile(logFile(empty), "");
    std::filesystem::resize_file(logFile(empty), kLogFileBytes);
  }
  const auto log =
      CommitLog::load(files_, {.dir = root() + "/commitlog", .file_bytes = kLogFileBytes});
  ASSERT_TRUE(log.ok());
  for (const int64_t at : {base, base + 100, base + kLogFileBytes}) {
    const auto view = (*log)->read(at);
    ASSERT_TRUE(view.ok());
    EXPECT_NE(nullptr, view->owner);
    EXPECT_EQ(0u, view->bytes.size());
    RecordWalker walker(**log, at, CrcCheck::kVerify);
    EXPECT_EQ(RecordWalker::Step::kBad, walker.next((*log)->maxOffset()));
  }
  const auto written = (*log)->read(0);
  ASSERT_TRUE(written.ok());
  EXPECT_EQ(static_cast<size_t>(kLogFileBytes), written->bytes.size());
  open();
  EXPECT_EQ(static_cast<size_t>(kMessages), bodies("A", 0).size());
}

}  // namespace
}  // namespace rocketmq::store::test

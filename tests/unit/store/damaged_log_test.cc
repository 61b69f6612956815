// Starts with a log that is damaged, or whose files cannot be read.
#include <gmock/gmock.h>

#include <filesystem>

#include "store/log/segment.h"
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
  /// Expects a start to end with the reason why a file in the middle of the log cannot be read, and
  /// nothing to be lost by it.
  void expectRefusedUnharmed() {
    const int64_t files = logFiles();
    files_.setFaultPath("commitlog/" + segmentFileName(2 * kLogFileBytes));
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
    options_.root_dir = dir_ / (cleanly ? "clean" : "killed");
    fill();
    const int64_t at = readAll(*store_, "A", 0).at(75).physical_offset;
    cleanly ? close() : kill();
    forgetCheckpoint();
    std::filesystem::remove_all(root() + "/consumequeue/A");
    damage(at);
    expectOnlyOneLost();
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
    options_.root_dir = dir_ / (cleanly ? "clean" : "killed");
    options_.flush_queue_thorough_interval_ms = 1;
    fill();
    const int64_t at = readAll(*store_, "A", 0).at(940).physical_offset;
    close();
    options_.flush_queue_thorough_interval_ms = 1'000'000;
    open();
    cleanly ? close() : kill();
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

TEST_F(DamagedLogTest, ReadingAllOfALogKeepsFewFilesOpen) {
  options_.message_index_enable = false;
  for (const bool cleanly : {false, true}) {
    options_.root_dir = dir_ / (cleanly ? "clean" : "killed");
    fill();
    cleanly ? close() : kill();
    forgetCheckpoint();
    std::filesystem::remove_all(root() + "/consumequeue/A");
    files_.setFaultPath("commitlog");
    files_.mapped_most = 0;
    open();
    EXPECT_LE(files_.mapped_most, 3);
    EXPECT_EQ(size_t{kMessages}, bodies("A", 0).size());
    close();
  }
}

}  // namespace
}  // namespace rocketmq::store::test

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

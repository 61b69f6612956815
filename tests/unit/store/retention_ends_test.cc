// What is known of the queues' ends when retention has taken the log they were known by.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/unit/store/retention_fixture.h"

namespace rocketmq::store::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class RetentionEndsTest : public StoreRetentionTest {
 protected:
  RetentionEndsTest() { options_.flush_queue_thorough_interval_ms = 1'000'000; }

  std::string endsFile() const { return root() + "/queueends"; }
  bool endsReach(int64_t log_end) {
    const std::string wanted = "\"logEnd\":" + std::to_string(log_end) + ",";
    return eventually([&] {
      return std::filesystem::exists(endsFile()) &&
             readFile(endsFile()).find(wanted) != std::string::npos;
    });
  }
  /// Five log files behind the only checkpoint, with messages of "Early" in the first.
  void fillBehindCheckpoint() {
    open();
    ASSERT_TRUE(endsReach(0));
    fillOpened();
  }
  void removeTwoFiles() {
    makeOld(2);
    ASSERT_TRUE(store_->cleanExpiredFiles().isOk());
    ASSERT_EQ(2 * kLogFileBytes, store_->commitLogMinOffset());
  }
  void kill() {
    const std::string copy = crashedCopy();
    close();
    options_.root_dir = copy;
  }
  void killAndLoseEarly() {
    kill();
    std::filesystem::remove_all(root() + "/consumequeue/Early");
  }
};

// Its messages have left the log, so that nothing else tells of them.
TEST_F(RetentionEndsTest, AQueueThatIsGoneAfterAKillDoesNotGiveItsOffsetsAgain) {
  fillBehindCheckpoint();
  removeTwoFiles();
  killAndLoseEarly();
  open();
  EXPECT_EQ(3, store_->minOffset("Early", 0));
  EXPECT_EQ(3, put("Early", 0, "next").queue_offset);
}

TEST_F(RetentionEndsTest, AFullDiskKeepsNoFileAndTheyAreSavedOnceThereIsRoom) {
  fillBehindCheckpoint();
  files_.setFaultPath("queueends");
  files_.disk_is_full = true;
  removeTwoFiles();
  EXPECT_GT(files_.refused_replaces, 0);
  files_.disk_is_full = false;
  EXPECT_TRUE(endsReach(store_->commitLogMaxOffset()));
  killAndLoseEarly();
  open();
  EXPECT_EQ(3, put("Early", 0, "next").queue_offset);
}

// The saved ends told of queue files that retention removed after the log's.
TEST_F(RetentionEndsTest, AKillAfterQueueFilesWentCostsTheNextStartNothing) {
  fillBehindCheckpoint();
  removeTwoFiles();
  const int64_t min = store_->minOffset("A", 0);
  ASSERT_FALSE(std::filesystem::exists(queueFile("A", 0)));
  kill();
  ::testing::internal::CaptureStderr();
  open();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), Not(HasSubstr("lacks")));
  EXPECT_EQ(min, store_->minOffset("A", 0));
  EXPECT_EQ("m" + std::to_string(min), bodies("A", 0, min).front());
}

TEST_F(RetentionEndsTest, TheEndsAreSavedBeforeTheFirstQueueFileGoes) {
  fillBehindCheckpoint();
  files_.setFaultPath("consumequeue");
  files_.fail_remove = true;
  makeOld(2);
  EXPECT_FALSE(store_->cleanExpiredFiles().isOk());
  const int64_t min = store_->minOffset("A", 0);
  ASSERT_LT(kQueueFileBytes / 20, min);
  ASSERT_TRUE(std::filesystem::exists(queueFile("A", 0)));
  EXPECT_THAT(readFile(endsFile()), HasSubstr("\"A\":{0:[" + std::to_string(min) + ","));
  kill();
  files_.fail_remove = false;
  open();
  EXPECT_EQ(min, store_->minOffset("A", 0));
}

// What was no longer to be found is there again, and so it can be pulled again.
TEST_F(RetentionEndsTest, LogFilesThatAKillLeftAreOnesThatTheQueuesKnow) {
  options_.flush_queue_thorough_interval_ms = 1;
  fillBehindCheckpoint();
  files_.setFaultPath("commitlog");
  files_.fail_remove = true;
  makeOld(2);
  EXPECT_FALSE(store_->cleanExpiredFiles().isOk());
  ASSERT_EQ(2 * kLogFileBytes, store_->commitLogMinOffset());
  const std::string saved = "\"logMin\":" + std::to_string(2 * kLogFileBytes) + ",";
  ASSERT_TRUE(eventually([&] { return readFile(endsFile()).find(saved) != std::string::npos; }));
  kill();
  files_.fail_remove = false;
  open();
  EXPECT_EQ(0, store_->commitLogMinOffset());
  EXPECT_EQ(0, store_->minOffset("A", 0));
  EXPECT_EQ("m0", bodies("A", 0, 0).front());
  EXPECT_EQ("e0", bodies("Early", 0, 0).front());
}

}  // namespace
}  // namespace rocketmq::store::test

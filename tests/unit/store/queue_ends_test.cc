// Starts that believe the file `queueends`.
#include <gmock/gmock.h>

#include <filesystem>

#include "store/store_folder.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class QueueEndsTest : public StoreTest {
 protected:
  QueueEndsTest() { options_.flush_queue_thorough_interval_ms = 1; }

  std::string endsFile() const { return root() + "/queueends"; }
  std::string queueFolder(const std::string& topic) const {
    return root() + "/consumequeue/" + topic;
  }

  /// Returns once a checkpoint covers everything that is in the store.
  void awaitCheckpoint() {
    const std::string wanted = "\"logEnd\":" + std::to_string(store_->commitLogMaxOffset()) + ",";
    ASSERT_TRUE(eventually([&] {
      return std::filesystem::exists(endsFile()) &&
             readFile(endsFile()).find(wanted) != std::string::npos;
    }));
  }
  /// Starts anew and returns behind the first checkpoint: there will be no other.
  void beginLongInterval() {
    close();
    std::filesystem::remove(endsFile());
    options_.flush_queue_thorough_interval_ms = 1'000'000;
    open();
    awaitCheckpoint();
  }
  /// Replaces the store by one that was killed now, not opened.
  void kill() {
    const std::string copy = crashedCopy();
    close();
    options_.root_dir = copy;
  }
  void expectGivesNext(std::string_view topic, int64_t queue_offset) {
    const PutResult result = put(topic, 0, "next");
    ASSERT_TRUE(result.ok()) << result.detail;
    EXPECT_EQ(queue_offset, result.queue_offset);
  }
};

TEST_F(QueueEndsTest, AKillAfterTheCheckpointLosesNothingFromEitherSideOfIt) {
  open();
  send("A", 0, 70, "a");
  send("B", 0, 3, "b");
  awaitCheckpoint();
  options_.flush_queue_thorough_interval_ms = 1'000'000;
  restart();
  send("A", 0, 70, "c");
  send("New", 0, 60, "n");
  kill();
  open();
  EXPECT_THAT(bodies("A", 0), SizeIs(140));
  EXPECT_THAT(bodies("A", 0, 138), ElementsAre("c68", "c69"));
  EXPECT_THAT(bodies("B", 0), ElementsAre("b0", "b1", "b2"));
  EXPECT_THAT(bodies("New", 0), SizeIs(60));
  expectGivesNext("A", 140);
  expectGivesNext("B", 3);
  expectGivesNext("New", 60);
}

TEST_F(QueueEndsTest, EntriesOfRecordsThatTheLogLostAreWiped) {
  open();
  send("A", 0, 3, "a");
  awaitCheckpoint();
  options_.flush_queue_thorough_interval_ms = 1'000'000;
  restart();
  const PutResult lost = put("A", 0, "lost");
  kill();
  patchFile(logFile(0), lost.physical_offsets.front(), std::string(64, '\0'));
  open();
  EXPECT_THAT(bodies("A", 0), ElementsAre("a0", "a1", "a2"));
  close();
  EXPECT_TRUE(isZero(std::string_view(readFile(queueFile("A", 0))).substr(3 * 20)));
}

TEST_F(QueueEndsTest, AMissingQueueComesBackFromTheLog) {
  open();
  send("A", 0, 120, "a");
  send("B", 0, 2, "b");
  close();
  std::filesystem::remove_all(queueFolder("A"));
  open();
  EXPECT_THAT(bodies("A", 0), SizeIs(120));
  EXPECT_EQ(0, store_->minOffset("A", 0));
  EXPECT_THAT(bodies("B", 0), ElementsAre("b0", "b1"));
  expectGivesNext("A", 120);
}

TEST_F(QueueEndsTest, AMissingFirstFileComesBackFromTheLog) {
  for (const bool killed : {false, true}) {
    open();
    send("A", 0, 120, "a");
    awaitCheckpoint();
    killed ? kill() : close();
    std::filesystem::remove(queueFile("A", 0));
    open();
    EXPECT_EQ(0, store_->minOffset("A", 0));
    EXPECT_EQ(killed ? 240u : 120u, bodies("A", 0).size());
    close();
  }
}

TEST_F(QueueEndsTest, AQueueWithAnotherLastEntryComesBackFromTheLog) {
  open();
  send("A", 0, 10, "a");
  close();
  patchFile(queueFile("A", 0), 9 * 20, std::string(8, '\x55'));
  open();
  EXPECT_THAT(bodies("A", 0, 8), ElementsAre("a8", "a9"));
}

TEST_F(QueueEndsTest, DamageInTheLogTakesItsMessageAndNothingBehindIt) {
  for (const bool killed : {false, true}) {
    for (const std::string missing : {"A", "B"}) {
      SCOPED_TRACE(missing + (killed ? " after a kill" : " after a clean stop"));
      options_.root_dir = dir_ / (missing + (killed ? "killed" : "clean"));
      open();
      send("B", 0, 10, "b");
      send("A", 0, 200, "a");
      awaitCheckpoint();
      const int64_t end = store_->commitLogMaxOffset();
      const int64_t damaged = readAll(*store_, "A", 0).at(75).physical_offset;
      killed ? kill() : close();
      patchFile(logFile(damaged / kLogFileBytes * kLogFileBytes), damaged % kLogFileBytes + 8,
                "\x55");  // The CRC.
      std::filesystem::remove_all(queueFolder(missing));
      open();
      EXPECT_EQ(end, store_->commitLogMaxOffset());
      EXPECT_EQ(124u, bodies("A", 0, 76).size());
      EXPECT_THAT(bodies("A", 0, 198), ElementsAre("a198", "a199"));
      EXPECT_THAT(bodies("B", 0), SizeIs(10));
      expectGivesNext("A", 200);
      close();
    }
  }
}

TEST_F(QueueEndsTest, DamageAtTheEndOfAQueueDoesNotGiveItsOffsetsAgain) {
  open();
  send("A", 0, 60, "a");
  send("B", 0, 100, "b");
  const int64_t damaged = readAll(*store_, "A", 0).back().physical_offset;
  close();
  patchFile(logFile(damaged / kLogFileBytes * kLogFileBytes), damaged % kLogFileBytes,
            std::string(60, '\x55'));
  std::filesystem::remove_all(queueFolder("A"));
  for (int start = 0; start < 2; ++start) {
    open();
    EXPECT_EQ(60, store_->maxOffset("A", 0));
    EXPECT_THAT(bodies("A", 0), SizeIs(59));
    EXPECT_THAT(bodies("B", 0), SizeIs(100));
    close();
  }
  open();
  expectGivesNext("A", 60);
  EXPECT_THAT(bodies("A", 0, 59), ElementsAre("next"));
}

// What proves that the log is the one of the file lies there.
TEST_F(QueueEndsTest, DamageRightInFrontOfTheKnownEndTakesItsMessageAndNothingBehindIt) {
  for (const bool killed : {false, true}) {
    for (const size_t back : {1u, 3u, 20u}) {
      SCOPED_TRACE(std::to_string(back) + (killed ? " after a kill" : " after a clean stop"));
      options_.root_dir = dir_ / (std::to_string(back) + (killed ? "killed" : "clean"));
      options_.flush_queue_thorough_interval_ms = 1;
      open();
      send("A", 0, 200, "a");
      awaitCheckpoint();
      const int64_t damaged = readAll(*store_, "A", 0).at(200 - back).physical_offset;
      if (killed) {
        options_.flush_queue_thorough_interval_ms = 1'000'000;
        restart();
        send("A", 0, 100, "b");
        kill();
      } else {
        close();
      }
      patchFile(logFile(damaged / kLogFileBytes * kLogFileBytes), damaged % kLogFileBytes + 4,
                "\x55");  // The magic number.
      open();
      const int64_t next = killed ? 300 : 200;
      EXPECT_EQ(next, store_->maxOffset("A", 0));
      EXPECT_TRUE(eventually([&] { return std::ssize(bodies("A", 0)) == next - 1; }));
      expectGivesNext("A", next);
      close();
    }
  }
}

TEST_F(QueueEndsTest, ALogOfTheSameLengthAndTimeIsNotMisread) {
  open();
  send("A", 0, 200, "a");
  close();
  const std::string other = readFile(endsFile());
  options_.root_dir = dir_ / "other";
  open();
  send("B", 0, 200, "a");
  close();
  writeFile(endsFile(), other);
  open();
  EXPECT_EQ(0, store_->maxOffset("A", 0));
  EXPECT_THAT(bodies("B", 0), SizeIs(200));
}

TEST_F(QueueEndsTest, OffsetsOfMessagesThatLeftTheLogAreNotGivenAgain) {
  open();
  send("Old", 0, 5, "o");
  send("A", 0, 200, "a");
  ASSERT_TRUE(flushEverything());
  using FileClock = std::chrono::file_clock;
  std::filesystem::last_write_time(logFile(0), FileClock::from_sys(std::chrono::sys_seconds()));
  ASSERT_TRUE(store_->cleanExpiredFiles().isOk());
  ASSERT_GT(store_->commitLogMinOffset(), 0);
  ASSERT_EQ(5, store_->minOffset("Old", 0));
  close();
  std::filesystem::remove_all(queueFolder("Old"));
  open();
  EXPECT_EQ(5, store_->minOffset("Old", 0));
  expectGivesNext("Old", 5);
  restart();
  EXPECT_THAT(bodies("Old", 0, 5), ElementsAre("next"));
}

TEST_F(QueueEndsTest, ADeletedTopicStaysDeletedAndOneMadeAnewKeepsItsMessages) {
  open();
  send("A", 0, 5, "a");
  send("B", 0, 5, "b");
  beginLongInterval();
  ASSERT_TRUE(store_->deleteTopic("A").isOk());
  ASSERT_TRUE(store_->deleteTopic("B").isOk());
  send("B", 0, 2, "new");
  kill();
  open();
  EXPECT_EQ(0, store_->maxOffset("A", 0));
  EXPECT_THAT(bodies("B", 0), ElementsAre("new0", "new1"));
  restart();
  EXPECT_EQ(0, store_->maxOffset("A", 0));
  EXPECT_THAT(bodies("B", 0), ElementsAre("new0", "new1"));
}

// The queue that is gone too would else give its offsets again, and a store whose log's disk is not
// mounted begin at offset 0.
TEST_F(QueueEndsTest, DeletingATopicLeavesThoseOfTheOthers) {
  for (const std::string gone : {"commitlog", "consumequeue"}) {
    SCOPED_TRACE(gone);
    options_.root_dir = dir_ / gone;
    options_.flush_queue_thorough_interval_ms = 1;
    open();
    send("A", 0, 5, "a");
    send("B", 0, 5, "b");
    const int64_t last = readAll(*store_, "B", 0).back().physical_offset;
    beginLongInterval();
    ASSERT_TRUE(store_->deleteTopic("A").isOk());
    EXPECT_THAT(readFile(endsFile()), Not(HasSubstr("\"A\"")));
    kill();
    std::filesystem::remove_all(root() + "/" + gone);
    if (gone == "commitlog") {
      EXPECT_EQ(StatusCode::kCorruption, tryOpen().code());
      continue;
    }
    patchFile(logFile(0), last + 4, "ZZ");
    open();
    EXPECT_EQ(0, store_->maxOffset("A", 0));
    EXPECT_THAT(bodies("B", 0), ElementsAre("b0", "b1", "b2", "b3"));
    expectGivesNext("B", 5);
    close();
  }
}

TEST_F(QueueEndsTest, ADeletionThatCannotBeSavedOnAFullDiskRemovesThem) {
  open();
  send("A", 0, 5, "a");
  beginLongInterval();
  files_.setFaultPath("queueends");
  files_.disk_is_full = true;
  EXPECT_TRUE(store_->deleteTopic("A").isOk());
  EXPECT_FALSE(std::filesystem::exists(endsFile()));
  kill();
  open();
  EXPECT_EQ(0, store_->maxOffset("A", 0));
  expectGivesNext("A", 0);
}

// A checkpoint that is later than the file, as between the two, or a full disk, or a Java broker
// that went on, says nothing of a log that is not there.
TEST_F(QueueEndsTest, ALogThatIsGoneIsMissedByAnOldFileToo) {
  open();
  send("A", 0, 5, "a");
  close();
  const std::string old = readFile(endsFile());
  clock_.advance(std::chrono::minutes(1));
  open();
  send("A", 0, 5, "b");
  close();
  writeFile(endsFile(), old);
  std::filesystem::remove_all(root() + "/commitlog");
  EXPECT_EQ(StatusCode::kCorruption, tryOpen().code());
}

TEST_F(QueueEndsTest, AStartOnAFullDiskDoesWithoutNotingWhatItCuts) {
  open();
  send("A", 0, 200, "a");
  kill();
  std::filesystem::remove(endsFile());
  files_.setFaultPath("queueends");
  files_.disk_is_full = true;
  ASSERT_EQ("", tryOpen().message());
  EXPECT_THAT(bodies("A", 0), SizeIs(200));
  expectGivesNext("A", 200);
}

// What a Java broker does that deletes a topic, makes it anew and stores into it.
TEST_F(QueueEndsTest, WhatAnotherBrokerDidInBetweenIsNotMisread) {
  open();
  send("A", 0, 5, "a");
  close();
  const std::string known = readFile(endsFile());
  clock_.advance(std::chrono::seconds(1));
  open();
  ASSERT_TRUE(store_->deleteTopic("A").isOk());
  send("A", 0, 2, "new");
  close();
  std::filesystem::remove(root() + "/deletedtopics");
  std::filesystem::remove(root() + "/deletedtopics.bak");
  writeFile(endsFile(), known);
  open();
  EXPECT_THAT(bodies("A", 0), ElementsAre("new0", "new1"));
  expectGivesNext("A", 2);
}

TEST_F(QueueEndsTest, AFullDiskOnlyMakesThemBeSavedLater) {
  open();
  send("A", 0, 5, "a");
  awaitCheckpoint();
  files_.setFaultPath("queueends");
  files_.disk_is_full = true;
  send("A", 0, 5, "b");
  ASSERT_TRUE(eventually([&] { return files_.refused_replaces >= 3; }));
  send("A", 0, 5, "c");
  EXPECT_EQ("", store_->readOnlyReason());
  files_.disk_is_full = false;
  awaitCheckpoint();
  EXPECT_EQ("", store_->readOnlyReason());
}

TEST_F(QueueEndsTest, AStoreStopsAndStartsOnAFullDisk) {
  open();
  send("A", 0, 5, "a");
  files_.setFaultPath("queueends");
  files_.disk_is_full = true;
  send("A", 0, 5, "b");
  restart();
  send("A", 0, 5, "c");
  kill();
  open();
  EXPECT_THAT(bodies("A", 0), SizeIs(15));
  expectGivesNext("A", 15);
}

// Not a block is left, even for the few bytes of `abort`.
TEST_F(QueueEndsTest, AMarkWithoutItsTextTellsThatTheStoreRuns) {
  class NoBlocks final : public rocketmq::test::ForwardingFileSystem {
   public:
    Result<std::unique_ptr<RandomFile>> open(const std::string& path) override {
      ROCKETMQ_ASSIGN_OR_RETURN(auto file, ForwardingFileSystem::open(path));
      if (path.ends_with("/abort")) {
        file = std::make_unique<Full>();
      }
      return file;
    }

   private:
    class Full final : public RandomFile {
     public:
      Result<std::string> read(int64_t /*offset*/, int64_t /*bytes*/) const override {
        return std::string();
      }
      Status write(int64_t /*offset*/, std::string_view /*content*/) override {
        return Status::readOnly("No space left on device");
      }
      Status sync() override { return Status::ok(); }
    };
  } files;
  const auto folder = StoreFolder::open(files, root());
  ASSERT_TRUE(folder.ok());
  EXPECT_TRUE((*folder)->markRunning().isOk());
  EXPECT_FALSE((*folder)->wasStoppedCleanly().value());
}

TEST_F(QueueEndsTest, ACleanStopBehindACrashLeavesThemToTheNextStart) {
  options_.flush_queue_thorough_interval_ms = 1'000'000;
  open();
  send("A", 0, 48, "a");
  kill();
  std::filesystem::remove(endsFile());
  open();
  awaitCheckpoint();  // The first round, which has flushed nothing of the log itself.
  close();
  std::filesystem::remove_all(root() + "/commitlog");
  EXPECT_EQ(StatusCode::kCorruption, tryOpen().code());
}

TEST_F(QueueEndsTest, WithoutACheckpointTheyTellWhichOffsetsWereGiven) {
  for (const std::string spoilt : {"missing", "short", "far ahead of the clock"}) {
    SCOPED_TRACE(spoilt);
    options_.root_dir = dir_ / spoilt;
    open();
    send("A", 0, 200, "a");
    const int64_t last_file = store_->commitLogMaxOffset() / kLogFileBytes * kLogFileBytes;
    close();
    const std::string checkpoint = root() + "/checkpoint";
    if (spoilt == "missing") {
      std::filesystem::remove(checkpoint);
    } else if (spoilt == "short") {
      std::filesystem::resize_file(checkpoint, 100);
    } else {
      patchFile(checkpoint, 0, "\x11");
    }
    std::filesystem::rename(root() + "/commitlog", root() + "/elsewhere");
    EXPECT_EQ(StatusCode::kCorruption, tryOpen().code());
    std::filesystem::remove_all(root() + "/commitlog");
    std::filesystem::rename(root() + "/elsewhere", root() + "/commitlog");
    std::filesystem::remove(logFile(last_file));
    open();
    expectGivesNext("A", 200);
    close();
  }
}

TEST_F(QueueEndsTest, AFileWithAnotherNumberThanWasWrittenIsIgnored) {
  for (const char* const wrong : {"[0,58,", "[0,4611686018427387904,"}) {
    SCOPED_TRACE(wrong);
    options_.root_dir = dir_ / wrong;
    open();
    send("A", 0, 48, "a");
    close();
    std::string content = readFile(endsFile());
    const std::string right = "[0,48,";
    const size_t at = content.find(right);
    ASSERT_NE(std::string::npos, at);
    writeFile(endsFile(), content.replace(at, right.size(), wrong));
    open();
    EXPECT_THAT(bodies("A", 0), SizeIs(48));
    expectGivesNext("A", 48);
    close();
  }
}

TEST_F(QueueEndsTest, AFileOfTheVersionWithoutACrcIsRead) {
  open();
  send("A", 0, 5, "a");
  close();
  std::string content = readFile(endsFile());
  const size_t at = content.find(",\"crc\"");
  ASSERT_NE(std::string::npos, at);
  writeFile(endsFile(), content.erase(at, content.rfind('}') - at));
  std::filesystem::remove_all(root() + "/commitlog");
  EXPECT_EQ(StatusCode::kCorruption, tryOpen().code());
}

TEST_F(QueueEndsTest, AFileThatMakesNoSenseIsIgnored) {
  open();
  send("A", 0, 5, "a");
  close();
  const std::string good = readFile(endsFile());
  const std::string impossible =
      R"({"logMin":0,"logEnd":0,"logTailCrc":0,"logTimestamp":0,"queuesTimestamp":0,)"
      R"("queues":{"A":{"0":[9,3]}}})";
  for (const std::string& bad : {std::string(), good.substr(0, good.size() / 2), impossible}) {
    writeFile(endsFile(), bad);
    open();
    EXPECT_THAT(bodies("A", 0), SizeIs(5)) << bad;
    close();
  }
}

}  // namespace
}  // namespace rocketmq::store::test

// Promise: with the consume queue's extension on, files are those of RocketMQ byte for byte and
// readers decide by them; files that are missing, torn or stale are no fault and mislead nobody.
#include "store/queue/queue_extension.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>

#include "store/log/segment.h"
#include "tests/unit/store/queue_extension_fixture.h"

namespace rocketmq::store::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

TEST_F(QueueExtensionTest, UnitsAndAddressesAreThoseOfRocketMq) {
  open();
  sendTagged(2);
  put("A", 0, "untagged");
  close();
  const std::string file = readFile(unitFile(0));
  const TimestampMs now = clock_.nowMs();
  EXPECT_EQ(unitOf("even", now) + unitOf("odd", now) + unitOf("", now), file.substr(0, 60));
  EXPECT_TRUE(isZero(std::string_view(file).substr(60)));
  EXPECT_EQ(kFileBytes, std::ssize(file));
  const std::string queue = readFile(queueFile("A", 0));
  EXPECT_EQ(std::string("\x80\0\0\0\0\0\0\0", 8), queue.substr(12, 8));
  EXPECT_EQ(std::string("\x80\0\0\0\0\0\0\x14", 8), queue.substr(32, 8));
  EXPECT_EQ(std::string("\x80\0\0\0\0\0\0\x28", 8), queue.substr(52, 8));
}

TEST_F(QueueExtensionTest, AUnitThatDoesNotFitGoesIntoTheNextFileBehindAMark) {
  open();
  sendTagged(12);
  close();
  const std::string first = readFile(unitFile(0));
  EXPECT_EQ(std::string("\xFF\xFF\0\0", 4), first.substr(180, 4));
  EXPECT_EQ(unitOf("odd", clock_.nowMs()), readFile(unitFile(200)).substr(0, 20));
  EXPECT_EQ(unitAddress(160), rawTagsCode(8));
  EXPECT_EQ(unitAddress(200), rawTagsCode(9));
}

TEST_F(QueueExtensionTest, NothingIsWrittenWhenItIsOff) {
  options_.queue_extension = false;
  open();
  sendTagged(3);
  close();
  EXPECT_FALSE(std::filesystem::exists(root() + "/consumequeue_ext"));
  EXPECT_EQ(tagsCode("odd"), rawTagsCode(1));
}

TEST_F(QueueExtensionTest, ReadersDecideByTheUnit) {
  options_.delay_level_ms = {1000, 5000};
  open();
  sendTagged(20);
  const std::string delayed = properties({{"DELAY", "2"}});
  const TimestampMs stored_ms = put("SCHEDULE_TOPIC_XXXX", 0, "later", delayed).store_timestamp_ms;
  EXPECT_EQ(10, countOf("even"));
  EXPECT_EQ(tagsCode("odd"), store_->queueEntries("A", 0, 1, 1).at(0).tags_code);
  EXPECT_EQ(stored_ms + 5000, store_->queueEntries("SCHEDULE_TOPIC_XXXX", 0, 0, 1).at(0).tags_code);
  // To tell the unit from the record, whose tag it normally repeats.
  restart();
  patchFile(unitFile(0), 2, bigEndian(tagsCode("other"), 8));
  patchFile(unitFile(0, "SCHEDULE_TOPIC_XXXX"), 2, bigEndian(777, 8));
  EXPECT_EQ(9, countOf("even"));
  EXPECT_EQ(1, countOf("other"));
  EXPECT_EQ(tagsCode("other"), store_->queueEntries("A", 0, 0, 1).at(0).tags_code);
  EXPECT_EQ(777, store_->queueEntries("SCHEDULE_TOPIC_XXXX", 0, 0, 1).at(0).tags_code);
}

TEST_F(QueueExtensionTest, GoesOnBehindTheLastUnitAfterAStopAndAfterAKill) {
  open();
  sendTagged(5);
  restart();
  sendTagged(5, 5);
  EXPECT_EQ(unitAddress(100), rawTagsCode(5));
  crash();
  sendTagged(5, 10);
  EXPECT_EQ(unitAddress(220), rawTagsCode(10));
  EXPECT_EQ(8, countOf("even"));
  EXPECT_EQ(7, countOf("odd"));
}

TEST_F(QueueExtensionTest, SyncFlushWritesUnitsToo) {
  options_.flush_mode = FlushMode::kSync;
  open();
  sendTagged(12);
  ASSERT_TRUE(eventually([&] { return store_->maxOffset("A", 0) == 12; }));
  EXPECT_EQ(unitAddress(200), rawTagsCode(9));
  EXPECT_EQ(6, countOf("odd"));
}

TEST_F(QueueExtensionTest, ABatchMayTakeSeveralFiles) {
  open();
  std::vector<MessageRecord> batch;
  for (int i = 0; i < 40; ++i) {
    batch.push_back(message("A", 0, "b"));
  }
  ASSERT_TRUE(store_->putBatch(batch).ok());
  EXPECT_EQ(unitAddress(4 * 200 + 3 * 20), rawTagsCode(39));
}

TEST_F(QueueExtensionTest, AMissingFolderIsNoFaultAndItsAddressesAreNotUsedAgain) {
  open();
  sendTagged(12);
  close();
  std::filesystem::remove_all(root() + "/consumequeue_ext");
  open();
  EXPECT_EQ(6, countOf("even"));
  sendTagged(3, 12);
  EXPECT_EQ(unitAddress(400), rawTagsCode(12));
  EXPECT_THAT(unitFiles(), ElementsAre(segmentFileName(400)));
  restart();
  EXPECT_EQ(8, countOf("even"));
  EXPECT_EQ(7, countOf("odd"));
}

TEST_F(QueueExtensionTest, AFileThatIsLostInFrontTakesNoOthersAddresses) {
  open();
  sendTagged(30);
  close();
  std::filesystem::remove(unitFile(600));  // Of the last three units.
  std::filesystem::remove(unitFile(400));
  open();
  EXPECT_EQ(15, countOf("odd"));
  sendTagged(1, 30);
  EXPECT_EQ(unitAddress(800), rawTagsCode(30));
  EXPECT_EQ(16, countOf("even"));
}

TEST_F(QueueExtensionTest, ATornUnitIsReadFromTheLogAndNothingIsWrittenOverIt) {
  open();
  sendTagged(5);
  const std::string copy = crashedCopy();
  close();
  options_.root_dir = copy;
  patchFile(unitFile(0), 60, std::string(40, '\0'));  // Units 3 and 4.
  // Entries that are known to be on the disk stay as they are.
  open();
  EXPECT_EQ(2, countOf("odd"));
  sendTagged(1, 5);
  EXPECT_EQ(3, countOf("odd"));
  EXPECT_EQ(3, countOf("even"));
}

TEST_F(QueueExtensionTest, FilesOfAnotherLengthAreThrownAway) {
  open();
  sendTagged(12);
  close();
  std::filesystem::resize_file(unitFile(200), 70);
  ::testing::internal::CaptureStderr();
  open();
  EXPECT_EQ(6, countOf("even"));
  const std::string told = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(told, HasSubstr("has 70 bytes but mappedFileSizeConsumeQueueExt is 200; the files"));
  EXPECT_THAT(told, Not(HasSubstr("salvage"))) << "nothing is lost";
  sendTagged(1, 12);
  EXPECT_THAT(unitFiles(), ElementsAre(segmentFileName(400)));
  close();
  options_.queue_extension_file_bytes = 2 * kFileBytes;
  open();
  EXPECT_EQ(7, countOf("even"));
  sendTagged(1, 13);
  EXPECT_THAT(unitFiles(), ElementsAre(segmentFileName(800)));
  EXPECT_EQ(7, countOf("odd"));
}

TEST_F(QueueExtensionTest, UnitsOfRecordsThatTheLogLostAreCleared) {
  open();
  sendTagged(10);
  const PutResult lost = put("A", 0, "lost", properties({{"TAGS", "even"}}));
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(put("A", 0, "also", properties({{"TAGS", "even"}})).ok());
  }
  const std::string copy = crashedCopy();
  close();
  options_.root_dir = copy;
  std::filesystem::remove(root() + "/queueends");
  patchFile(logFile(0), lost.physical_offsets.front(), std::string(64, '\0'));
  open();
  ASSERT_EQ(10, store_->maxOffset("A", 0));
  clock_.advance(std::chrono::milliseconds(1));
  sendTagged(1, 10);
  close();
  EXPECT_EQ(unitAddress(220), rawTagsCode(10));
  const std::string file = readFile(unitFile(200));
  EXPECT_EQ(unitOf("even", clock_.nowMs()), file.substr(20, 20));
  EXPECT_TRUE(isZero(std::string_view(file).substr(40)));
  EXPECT_THAT(unitFiles(), SizeIs(2));
}

TEST_F(QueueExtensionTest, IsCutWithItsQueueBehindTheLastUnit) {
  options_.flush_queue_thorough_interval_ms = 1'000'000;
  open();
  sendTagged(5);
  restart();  // What is there now is known to the next start.
  const PutResult lost = put("A", 0, "lost", properties({{"TAGS", "even"}}));
  sendTagged(20);
  const std::string copy = crashedCopy();
  close();
  options_.root_dir = copy;
  patchFile(logFile(0), lost.physical_offsets.front(), std::string(64, '\0'));
  open();
  ASSERT_EQ(5, store_->maxOffset("A", 0));
  sendTagged(1, 5);
  EXPECT_EQ(unitAddress(100), rawTagsCode(5));
  EXPECT_TRUE(isZero(std::string_view(readFile(unitFile(0))).substr(120)));
  EXPECT_THAT(unitFiles(), SizeIs(1));
}

TEST_F(QueueExtensionTest, IsMadeAnewWithAQueueThatIsMissing) {
  open();
  sendTagged(30);
  close();
  std::map<std::string, std::string> before;
  for (const std::string& name : unitFiles()) {
    before[name] = readFile(folder("A") + "/0/" + name);
  }
  std::filesystem::remove_all(root() + "/consumequeue/A");
  patchFile(unitFile(200), 0, "something stale that nobody points at");
  open();
  close();
  for (const auto& [name, content] : before) {
    EXPECT_EQ(content, readFile(folder("A") + "/0/" + name)) << name;
  }
}

TEST_F(QueueExtensionTest, MayBeSwitchedOffAndOnAgain) {
  open();
  sendTagged(10);
  close();
  options_.queue_extension = false;
  open();
  sendTagged(10, 10);
  EXPECT_EQ(10, countOf("even"));
  close();
  options_.queue_extension = true;
  open();
  sendTagged(10, 20);
  EXPECT_EQ(tagsCode("odd"), rawTagsCode(19));
  EXPECT_EQ(unitAddress(400), rawTagsCode(20));
  EXPECT_EQ(15, countOf("even"));
  EXPECT_EQ(15, countOf("odd"));
}

TEST_F(QueueExtensionTest, SwitchedOnTheFirstTimeBeginsInFront) {
  options_.queue_extension = false;
  open();
  sendTagged(10);
  close();
  options_.queue_extension = true;
  open();
  sendTagged(2, 10);
  EXPECT_EQ(unitAddress(0), rawTagsCode(10));
  EXPECT_EQ(unitAddress(20), rawTagsCode(11));
  EXPECT_EQ(6, countOf("even"));
}

// Where the last entries hold no address, earlier ones say which are taken, not the files.
TEST_F(QueueExtensionTest, SwitchedOnAgainTakesNoAddressOfFilesThatWereLost) {
  open();
  sendTagged(70);  // More than a file of the queue holds.
  restart();
  options_.queue_extension = false;
  restart();
  sendTagged(60, 70);
  close();
  std::filesystem::remove(unitFile(1400));
  options_.queue_extension = true;
  open();
  sendTagged(1, 130);
  EXPECT_EQ(unitAddress(1600), rawTagsCode(130));
  EXPECT_EQ(66, countOf("even"));
  close();
  std::filesystem::remove_all(root() + "/consumequeue_ext");
  options_.queue_extension = false;
  open();
  sendTagged(1, 131);
  options_.queue_extension = true;
  restart();
  sendTagged(1, 132);
  EXPECT_EQ(unitAddress(1800), rawTagsCode(132));
  EXPECT_EQ(67, countOf("even"));
}

TEST_F(QueueExtensionTest, RetentionTakesTheFilesThatNoEntryPointsInto) {
  options_.live.delete_when = "99";
  options_.clean_resource_interval_ms = 5;
  open();
  for (int i = 0; store_->commitLogMaxOffset() < 2 * kLogFileBytes; ++i) {
    sendTagged(1, i);
  }
  ASSERT_TRUE(flushEverything());
  const auto before = unitFiles();
  std::filesystem::last_write_time(logFile(0), std::filesystem::file_time_type::min());
  ASSERT_TRUE(store_->cleanExpiredFiles().isOk());
  ASSERT_EQ(kLogFileBytes, store_->commitLogMinOffset());
  const int64_t min = store_->minOffset("A", 0);
  ASSERT_GT(min, 9);
  EXPECT_EQ(segmentFileName(min / 9 * kFileBytes), unitFiles().front());
  EXPECT_EQ(before.back(), unitFiles().back());
  EXPECT_GT(countOf("even", min), 0);
}

TEST_F(QueueExtensionTest, ADeletedTopicTakesItsUnitsAlongEvenWhenItIsOff) {
  open();
  sendTagged(12);
  put("B", 0, "b");
  EXPECT_TRUE(store_->deleteTopic("A").isOk());
  EXPECT_FALSE(std::filesystem::exists(folder("A")));
  sendTagged(1);
  EXPECT_EQ(unitAddress(0), rawTagsCode(0));
  close();
  options_.queue_extension = false;
  open();
  EXPECT_TRUE(store_->deleteTopic("B").isOk());
  EXPECT_FALSE(std::filesystem::exists(folder("B")));
  EXPECT_TRUE(std::filesystem::exists(folder("A")));
}

TEST_F(QueueExtensionTest, AFullDiskRefusesTheMessage) {
  open();
  sendTagged(9);
  files_.setFaultPath("consumequeue_ext");
  files_.disk_is_full = true;
  EXPECT_EQ(PutStatus::kServiceNotAvailable, put("A", 0, "m").status);
  files_.disk_is_full = false;
  sendTagged(1, 9);
  EXPECT_EQ(5, countOf("odd"));
}

TEST_F(QueueExtensionTest, AReaderThatMustNotWaitWaitsForNoUnit) {
  open();
  sendTagged(3);
  const TaggedWith odd("odd");
  const GetRequest request{.topic = "A", .filter = &odd, .no_wait = true};
  files_.setFaultPath("consumequeue_ext");
  files_.is_cold = true;
  EXPECT_EQ(GetStatus::kWouldWait, store_->get(request).status);
  files_.is_cold = false;
  EXPECT_EQ(1, store_->get(request).message_count);
}

/// Random lives of some queues, as many as the environment variable ROCKETMQ_EXTENSION_QUEUES says:
/// the option goes on and off, files are lost and spoilt between them.
class ExtensionModelTest : public QueueExtensionTest {
 protected:
  int64_t below(int64_t limit) {
    return std::uniform_int_distribution<int64_t>(0, limit - 1)(random_);
  }
  std::string anyTag() { return std::string(1, static_cast<char>('a' + below(3))); }

  void step() {
    const int64_t die = below(100);
    if (die < 70) {
      tags_.push_back(anyTag());
      ASSERT_TRUE(put("A", 0, "m", properties({{"TAGS", tags_.back()}})).ok());
    } else if (die < 85) {
      readSome();
    } else if (die < 87) {
      ASSERT_TRUE(store_->deleteTopic("A").isOk());
      tags_.clear();
    } else {
      beginNewLife(die < 94);
    }
  }
  void readSome() {
    const std::string tag = anyTag();
    const int64_t from = below(std::ssize(tags_) + 1);
    ASSERT_EQ(std::count(tags_.begin() + from, tags_.end(), tag), countOf(tag, from)) << from;
  }
  void beginNewLife(bool is_killed) {
    const std::string copy = is_killed ? crashedCopy() : root();
    close();
    options_.root_dir = copy;
    options_.queue_extension = below(3) != 0;
    std::vector<std::string> files;
    if (std::filesystem::exists(folder("A") + "/0")) {
      files = unitFiles();
    }
    if (!files.empty() && below(2) == 0) {
      const std::string file =
          folder("A") + "/0/" + files[static_cast<size_t>(below(std::ssize(files)))];
      const int64_t at = below(10) * 20;  // Units are synced before entries vouch for them.
      if (below(3) == 0) {
        std::filesystem::remove(file);
      } else if (below(3) == 0) {
        std::filesystem::resize_file(file, static_cast<uintmax_t>(at));
      } else {
        patchFile(file, at, std::string(static_cast<size_t>(kFileBytes - at), '\0'));
      }
    }
    open();
  }

  std::mt19937 random_;
  std::vector<std::string> tags_;
};

TEST_F(ExtensionModelTest, ReadersGetTheirTagWhateverBecomesOfTheUnits) {
  const char* const queues = std::getenv("ROCKETMQ_EXTENSION_QUEUES");
  for (uint32_t seed = 1; seed <= (queues == nullptr ? 8 : std::stoul(queues)); ++seed) {
    SCOPED_TRACE(seed);
    random_.seed(seed);
    tags_.clear();
    options_.root_dir = dir_ / ("model" + std::to_string(seed));
    options_.flush_queue_thorough_interval_ms = seed % 2 == 0 ? 1 : 60'000;
    open();
    for (int i = 0; i < 150 && !HasFatalFailure(); ++i) {
      step();
    }
    ASSERT_FALSE(HasFatalFailure());
    close();
  }
}

}  // namespace
}  // namespace rocketmq::store::test

// Promise: with the consume queue's extension on, files are those of RocketMQ byte for byte and
// readers decide by them; files that are missing, torn or stale are no fault and mislead nobody.
#include "store/queue/queue_extension.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <map>
#include <random>

#include "common/hash.h"
#include "store/bit_map_source.h"
#include "store/log/segment.h"
#include "store/queue/consume_queue.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::string bigEndian(int64_t value, int bytes) {
  std::string text;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    text += static_cast<char>(value >> shift & 0xFF);
  }
  return text;
}

std::string unitOf(const std::string& tag, TimestampMs stored_ms, const std::string& map = "") {
  return bigEndian(20 + std::ssize(map), 2) + bigEndian(tagsCode(tag), 8) +
         bigEndian(stored_ms, 8) + bigEndian(std::ssize(map), 2) + map;
}

class TaggedWith final : public MessageFilter {
 public:
  explicit TaggedWith(std::string_view tag) : code_(tagsCode(tag)) {}
  bool matchesTagsCode(int64_t tags_code) const override { return tags_code == code_; }

 private:
  const int64_t code_;
};

class QueueExtensionTest : public StoreTest {
 protected:
  /// Nine units of 20 bytes fit.
  static constexpr int64_t kFileBytes = 200;

  QueueExtensionTest() {
    options_.queue_extension = true;
    options_.queue_extension_file_bytes = kFileBytes;
  }

  std::string folder(const std::string& topic) const {
    return root() + "/consumequeue_ext/" + topic;
  }
  std::string unitFile(int64_t base, const std::string& topic = "A") const {
    return folder(topic) + "/0/" + segmentFileName(base);
  }
  std::vector<std::string> unitFiles(const std::string& topic = "A") const {
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(folder(topic) + "/0")) {
      names.push_back(file.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  void sendTagged(int count, int from = 0) {
    for (int i = from; i < from + count; ++i) {
      const PutResult result =
          put("A", 0, "m" + std::to_string(i), properties({{"TAGS", i % 2 == 0 ? "even" : "odd"}}));
      ASSERT_TRUE(result.ok()) << result.detail;
    }
  }
  int64_t rawTagsCode(int64_t index) const {
    const std::string file = readFile(queueFile("A", 0, index / 50 * 1000));
    int64_t value = 0;
    for (const char c : file.substr(static_cast<size_t>(index % 50 * 20 + 12), 8)) {
      value = value << 8 | static_cast<unsigned char>(c);
    }
    return value;
  }
  /// How many of the messages a reader of that tag gets.
  int countOf(std::string_view tag, int64_t from = 0) {
    const TaggedWith filter(tag);
    int count = 0;
    while (from < store_->maxOffset("A", 0)) {
      const GetResult result = store_->get({.topic = "A", .offset = from, .filter = &filter});
      count += result.message_count;
      from = result.next_offset;
    }
    return count;
  }
};

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
  open();
  EXPECT_EQ(6, countOf("even"));
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

// Whoever removed the folder while the option was off leaves no trace of which addresses are taken.
TEST_F(QueueExtensionTest, SwitchedOnWithoutFilesBeginsBehindEveryPossibleAddress) {
  options_.queue_extension = false;
  open();
  sendTagged(10);
  close();
  options_.queue_extension = true;
  open();
  sendTagged(2, 10);
  EXPECT_GE(unitOffset(rawTagsCode(10)), 10 * kUnitBytesMax);
  EXPECT_EQ(rawTagsCode(10) + 20, rawTagsCode(11));
  EXPECT_EQ(6, countOf("even"));
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
  files_.fault_path = "consumequeue_ext";
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
  files_.fault_path = "consumequeue_ext";
  files_.is_cold = true;
  EXPECT_EQ(GetStatus::kWouldWait, store_->get(request).status);
  files_.is_cold = false;
  EXPECT_EQ(1, store_->get(request).message_count);
}

/// Random lives of one queue: the option goes on and off, files are lost and spoilt between them.
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
    if (std::filesystem::exists(folder("A"))) {
      files = unitFiles();
    }
    if (!files.empty() && below(2) == 0) {
      const std::string file =
          folder("A") + "/0/" + files[static_cast<size_t>(below(std::ssize(files)))];
      if (below(3) == 0) {
        std::filesystem::remove(file);
      } else if (below(3) == 0) {
        std::filesystem::resize_file(file, static_cast<uintmax_t>(below(kFileBytes)));
      } else {
        const int64_t at = below(10) * 20;  // Units are synced before entries vouch for them.
        patchFile(file, at, std::string(static_cast<size_t>(kFileBytes - at), '\0'));
      }
    }
    open();
  }

  std::mt19937 random_;
  std::vector<std::string> tags_;
};

TEST_F(ExtensionModelTest, ReadersGetTheirTagWhateverBecomesOfTheUnits) {
  for (uint32_t seed = 1; seed <= 5; ++seed) {
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

// --- Bit maps -----------------------------------------------------------------------------------

/// Bit 3 for messages of topic A whose properties have an x; others of A have an empty map.
class MapOfX final : public BitMapSource {
 public:
  int32_t bytes() const override { return 14; }
  uint64_t version() const override { return version_; }
  bool mark(std::string_view topic, std::string_view properties,
            std::span<char> map) const override {
    EXPECT_TRUE(isZero({map.data(), map.size()}));
    if (properties.find('x') != std::string_view::npos) {
      map[0] = 8;
    }
    version_ += changes_meanwhile;
    return topic == "A";
  }

  uint64_t changes_meanwhile = 0;

 private:
  mutable uint64_t version_ = 1;
};

/// Believes maps of messages from a log offset on.
class ByMap final : public MessageFilter {
 public:
  explicit ByMap(int64_t born_at = 0) : born_at_(born_at) {}
  bool matchesTagsCode(int64_t) const override { return true; }
  bool matchesBitMap(int64_t physical_offset, std::string_view map) const override {
    return physical_offset < born_at_ || map.empty() || map[0] == 8;
  }
  bool matchesRecord(std::string_view) const override {
    ++records_read;
    return true;
  }
  mutable int records_read = 0;

 private:
  const int64_t born_at_;
};

class BitMapTest : public QueueExtensionTest {
 protected:
  BitMapTest() { options_.bit_maps = &source_; }

  MapOfX source_;
};

TEST_F(BitMapTest, MapsFollowTheUnitAndAreAskedBeforeTheLog) {
  for (const FlushMode mode : {FlushMode::kAsync, FlushMode::kSync}) {
    options_.root_dir = dir_ / ("mode" + std::to_string(static_cast<int>(mode)));
    options_.flush_mode = mode;
    open();
    put("A", 0, "m0", "n");
    const int64_t second = put("A", 0, "m1", "x").physical_offsets.front();
    put("A", 0, "m2", "n");
    put("B", 0, "m0", "n");
    ASSERT_TRUE(eventually([&] { return store_->maxOffset("B", 0) == 1; }));
    const std::string file = readFile(unitFile(0));
    const TimestampMs now = clock_.nowMs();
    EXPECT_EQ(unitOf("", now, std::string(14, '\0')), file.substr(0, 34));
    EXPECT_EQ(unitOf("", now, "\x08" + std::string(13, '\0')), file.substr(34, 34));
    EXPECT_EQ(unitOf("", now), readFile(unitFile(0, "B")).substr(0, 20));
    const ByMap filter;
    EXPECT_EQ(1, store_->get({.topic = "A", .filter = &filter}).message_count);
    EXPECT_EQ(1, filter.records_read);
    const ByMap younger(second + 1);
    EXPECT_EQ(2, store_->get({.topic = "A", .filter = &younger}).message_count);
    close();
  }
}

TEST_F(BitMapTest, AMapThatAChangeOfTheFiltersHasOvertakenIsLeftOut) {
  open();
  source_.changes_meanwhile = 1;
  put("A", 0, "m0", "n");
  source_.changes_meanwhile = 0;
  put("A", 0, "m1", "n");
  const std::string file = readFile(unitFile(0));
  EXPECT_EQ(unitOf("", clock_.nowMs()), file.substr(0, 20));
  EXPECT_EQ(unitOf("", clock_.nowMs(), std::string(14, '\0')), file.substr(20, 34));
}

TEST_F(BitMapTest, MapsThatAreTooLargeForAUnitAreRefused) {
  options_.queue_extension_file_bytes = 37;
  EXPECT_EQ(StatusCode::kInvalidArgument, tryOpen().code());
  options_.queue_extension_file_bytes = 38;
  EXPECT_TRUE(tryOpen().isOk());
}

// A replica whose master has lost part of its log sees such a gap.
TEST(QueueWithExtensionTest, AQueueThatGoesOnFarAheadBeginsItsUnitsAnew) {
  rocketmq::test::TempDir dir;
  HookedFileSystem files;
  const QueueExtension::Options extension{.dir = dir / "units", .file_bytes = 200};
  ConsumeQueue queue(files, {.dir = dir / "queue",
                             .topic = "A",
                             .queue_id = 0,
                             .file_bytes = 1000,
                             .extension = extension});
  for (int64_t offset : {0, 1, 5000, 5001}) {
    const QueueEntry entry{
        .physical_offset = offset * 100, .record_bytes = 100, .tags_code = offset};
    ASSERT_TRUE(queue.dispatch(offset, entry, true, {.store_timestamp_ms = offset}).ok());
    const auto placed = queue.entryAt(offset);
    EXPECT_EQ(unitAddress(offset % 5000 * 20), placed->tags_code);
    const LogView units = queue.unitFile(placed->tags_code);
    const auto unit = decodeQueueUnit(units.from(unitOffset(placed->tags_code)));
    ASSERT_TRUE(unit.has_value());
    EXPECT_EQ(offset, unit->tags_code);
    EXPECT_EQ(offset, unit->store_timestamp_ms);
  }
}

// --- The class by itself ------------------------------------------------------------------------

// Room for the largest units is room for any: nothing is written where none was made, and every
// unit is found at its address.
TEST(QueueExtensionRoomTest, UnitsOfAnySizeFindRoomAndAreFoundAgain) {
  for (uint32_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    rocketmq::test::TempDir dir;
    HookedFileSystem files;
    std::mt19937 random(seed);
    const auto below = [&](int64_t limit) {
      return static_cast<int64_t>(random() % static_cast<uint32_t>(limit));
    };
    const int64_t unit_max = 20 + below(60);
    QueueExtension extension(
        files,
        {.dir = dir / "q", .file_bytes = unit_max + 4 + below(900), .unit_bytes_max = unit_max});
    std::map<int64_t, std::string> written;
    for (int turn = 0; turn < 40; ++turn) {
      const int64_t count = 1 + below(12);
      ASSERT_TRUE(extension.ensureRoom(count, {}).isOk());
      ASSERT_TRUE(extension.hasRoom(count));
      for (int64_t i = 0; i < count; ++i) {
        const std::string map(static_cast<size_t>(below(unit_max - 19)), static_cast<char>(turn));
        const auto address = extension.append({.tags_code = turn, .bit_map = map});
        ASSERT_TRUE(address.has_value());
        written[*address] = map;
      }
    }
    for (const auto& [address, map] : written) {
      const LogView view = extension.view(address);
      const auto unit = decodeQueueUnit(view.from(unitOffset(address)));
      ASSERT_TRUE(unit.has_value());
      EXPECT_EQ(map, unit->bit_map);
    }
    EXPECT_TRUE(extension.flush().isOk());
  }
}

TEST(QueueUnitTest, OnlyWholeUnitsAreTaken) {
  std::string bytes(34, '\0');
  encodeQueueUnit({.tags_code = -5, .store_timestamp_ms = 77, .bit_map = "12345678901234"},
                  bytes.data());
  const std::string with_more = bytes + "behind";
  const auto unit = decodeQueueUnit(with_more);
  ASSERT_TRUE(unit.has_value());
  EXPECT_EQ(-5, unit->tags_code);
  EXPECT_EQ(77, unit->store_timestamp_ms);
  EXPECT_EQ("12345678901234", unit->bit_map);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decodeQueueUnit(std::string_view(bytes).substr(0, size))) << size;
  }
  bytes[19] = 13;  // Size and length of the map disagree.
  EXPECT_FALSE(decodeQueueUnit(bytes));
  EXPECT_FALSE(decodeQueueUnit(std::string(100, '\0')));
  EXPECT_FALSE(decodeQueueUnit(std::string(100, '\xFF')));
}

TEST(QueueUnitTest, AddressesAreTheOffsetsBehindTheSmallestNumber) {
  EXPECT_EQ(std::numeric_limits<int64_t>::min(), unitAddress(0));
  EXPECT_EQ(48, unitOffset(unitAddress(48)));
  EXPECT_TRUE(isExtAddress(unitAddress(int64_t{1} << 62)));
  EXPECT_TRUE(isExtAddress(int64_t{std::numeric_limits<int32_t>::min()} - 1));
  EXPECT_FALSE(isExtAddress(std::numeric_limits<int32_t>::min()));
  EXPECT_FALSE(isExtAddress(0));
}

}  // namespace
}  // namespace rocketmq::store::test

#include <gmock/gmock.h>

#include <filesystem>

#include "common/bytes.h"
#include "common/message/sys_flag.h"
#include "store/index/index_file.h"
#include "store/index/index_gap.h"
#include "store/index/index_keys.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using ::testing::ElementsAre;

class StoreIndexTest : public StoreTest {
 protected:
  PutResult putKeyed(const std::string& body, const std::string& keys,
                     const std::string& topic = "A") {
    return put(topic, 0, body, properties({{"KEYS", keys}}));
  }
  std::vector<std::string> find(const std::string& key, int32_t count = 64, TimestampMs begin = 0,
                                TimestampMs end = int64_t{1} << 60) {
    std::vector<std::string> found;
    for (const LogSlice& slice : store_->queryByKey("A", key, count, begin, end).records) {
      found.emplace_back(decodeRecord(slice.bytes)->body);
    }
    return found;
  }
  /// Waits until everything that was put is in the index.
  bool indexed(const PutResult& last) {
    return eventually([&] {
      return store_->queryByKey("A", "", 1, 0, 1).index_physical_offset ==
             last.physical_offsets.back();
    });
  }
  /// Leaves a store that was killed with the keys of one message in the index, whose header and
  /// slots never reached the disk.
  void crashWithoutHeader() {
    open();
    putKeyed("m", "k");
    ASSERT_TRUE(indexed(putKeyed("last", "last")));
    options_.root_dir = crashedCopy();
    store_.reset();
    patchFile(indexFiles().back(), 0, std::string(40 + 64 * 4, '\0'));
  }
  std::vector<std::string> indexFiles() const {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(root() + "/index")) {
      paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }
};

// Promise: a log that cannot be read for now makes no good index file a damaged one.
TEST_F(StoreIndexTest, WhatTheLogCannotTellNowSpeaksAgainstNoEntry) {
  open();
  putKeyed("m", "k");
  ASSERT_TRUE(indexed(putKeyed("last", "last")));
  close();
  const auto file = IndexFile::open(
      files_, indexFiles().back(),
      {.hash_slots = options_.index_hash_slots, .entries_max = options_.index_entries_max});
  ASSERT_TRUE(file.ok()) << file.status().message();
  const auto log =
      CommitLog::load(files_, {.dir = root() + "/commitlog", .file_bytes = kLogFileBytes});
  ASSERT_TRUE(log.ok()) << log.status().message();
  const auto times = [&](int64_t at) { return storeTimeIn(**log, at); };
  const auto isRight = [&](std::string_view key) {
    return EntryCheck(**log).isRight(indexKeyHash("A", key), 0);
  };
  files_.setFaultPath("commitlog/");
  files_.fail_map = true;
  EXPECT_TRUE(isRight("k"));
  EXPECT_EQ(StatusCode::kIo, endsAtRecord(**log, **file).status().code());
  EXPECT_EQ(StatusCode::kIo, (*file)->headerFits(kLogFileBytes, times).status().code());
  EXPECT_EQ(StatusCode::kIo, (*file)->hasRecordOf(2, times).status().code());
  EXPECT_EQ(StatusCode::kIo, findIndexGap(**log, {*file}, [] { return true; }).status().code());
  files_.fail_map = false;
  EXPECT_TRUE(isRight("k"));
  EXPECT_FALSE(isRight("other"));
  EXPECT_TRUE(endsAtRecord(**log, **file).value());
  EXPECT_TRUE((*file)->headerFits(kLogFileBytes, times).value());
  EXPECT_TRUE((*file)->hasRecordOf(2, times).value());
  EXPECT_FALSE(findIndexGap(**log, {*file}, [] { return true; }).value().has_value());
}

TEST_F(StoreIndexTest, MessagesAreFoundByEveryKeyOfTheirs) {
  open();
  putKeyed("first", "k1 k2");
  put("A", 0, "unique", properties({{"UNIQ_KEY", "U"}, {"KEYS", "k2  k3 "}}));
  const PutResult last = putKeyed("last", "k1");
  ASSERT_TRUE(indexed(last));
  EXPECT_THAT(find("k1"), ElementsAre("first", "last"));
  EXPECT_THAT(find("k2"), ElementsAre("first", "unique"));
  EXPECT_THAT(find("k3"), ElementsAre("unique"));
  EXPECT_THAT(find("U"), ElementsAre("unique"));
  EXPECT_THAT(find("none"), ElementsAre());
  EXPECT_THAT(find(""), ElementsAre());
  const KeyQueryResult result = store_->queryByKey("A", "none", 1, 0, 1);
  EXPECT_EQ(clock_.nowMs(), result.index_updated_ms);
  EXPECT_TRUE(store_->queryByKey("B", "k1", 64, 0, int64_t{1} << 60).records.empty());
}

TEST_F(StoreIndexTest, HalfMessagesAreIndexedAndRollbacksAreNot) {
  open();
  const std::string keys = properties({{"KEYS", "k"}});
  MessageRecord record = message("A", 0, "half", keys);
  record.sys_flag = sys_flag::kTransactionPrepared;
  store_->put(record);
  record = message("A", 0, "rollback", keys);
  record.sys_flag = sys_flag::kTransactionRollback;
  store_->put(record);
  ASSERT_TRUE(indexed(putKeyed("last", "other")));
  EXPECT_THAT(find("k"), ElementsAre("half"));
}

TEST_F(StoreIndexTest, KeysOfOneSlotAreToldApartAndEqualHashesAreNot) {
  options_.index_hash_slots = 1;
  open();
  putKeyed("a", "Aa");  // Java gives "Aa" and "BB" one hash.
  putKeyed("b", "BB");
  ASSERT_TRUE(indexed(putKeyed("c", "other")));
  EXPECT_THAT(find("Aa"), ElementsAre("a", "b"));
  EXPECT_THAT(find("other"), ElementsAre("c"));
}

TEST_F(StoreIndexTest, NewestAreFoundFirstWhenTheCountIsLimited) {
  open();
  PutResult last;
  for (int i = 0; i < 10; ++i) {
    last = putKeyed("m" + std::to_string(i), "k");
  }
  ASSERT_TRUE(indexed(last));
  EXPECT_THAT(find("k", 3), ElementsAre("m7", "m8", "m9"));
  EXPECT_THAT(find("k", 0), ElementsAre());
  EXPECT_THAT(find("k", -1), ElementsAre());
}

TEST_F(StoreIndexTest, TimeRangeIsInWholeSecondsFromTheStartOfTheFile) {
  open();
  const TimestampMs start = clock_.nowMs();
  PutResult last;
  for (int i = 0; i < 5; ++i) {
    last = putKeyed("s" + std::to_string(i), "k");
    clock_.advance(std::chrono::seconds(1));
  }
  ASSERT_TRUE(indexed(last));
  EXPECT_THAT(find("k", 64, start + 1000, start + 3000), ElementsAre("s1", "s2", "s3"));
  EXPECT_THAT(find("k", 64, start + 3500, start + 9000), ElementsAre("s4"));
  EXPECT_THAT(find("k", 64, start + 5000, start + 9000), ElementsAre());
  EXPECT_THAT(find("k", 64, 0, start - 1), ElementsAre());
}

TEST_F(StoreIndexTest, FullFilesRollAndAreAllSearched) {
  open();
  PutResult last;
  for (int i = 0; i < 700; ++i) {  // 255 keys fit into a file.
    last = putKeyed("m" + std::to_string(i), "k" + std::to_string(i % 350));
  }
  ASSERT_TRUE(indexed(last));
  EXPECT_EQ(3u, indexFiles().size());
  for (int i = 0; i < 350; ++i) {
    ASSERT_THAT(find("k" + std::to_string(i)),
                ElementsAre("m" + std::to_string(i), "m" + std::to_string(i + 350)));
  }
  // The time of the last full file is in the checkpoint.
  const std::string checkpoint = readFile(root() + "/checkpoint");
  EXPECT_EQ(clock_.nowMs(), loadBigEndian<int64_t>(checkpoint.data() + 16));
  restart();
  EXPECT_THAT(find("k0"), ElementsAre("m0", "m350"));
  EXPECT_THAT(find("k349"), ElementsAre("m349", "m699"));
}

TEST_F(StoreIndexTest, RestartsNeitherLoseNorRepeatKeys) {
  open();
  PutResult last;
  for (int life = 0; life < 4; ++life) {
    for (int i = 0; i < 100; ++i) {
      last = putKeyed("m" + std::to_string(100 * life + i), "k" + std::to_string(i));
    }
    life % 2 == 0 ? restart() : crash();
    ASSERT_TRUE(indexed(last));
  }
  ASSERT_EQ(2u, indexFiles().size());
  const std::string newest = readFile(indexFiles().back());
  EXPECT_EQ(400 - 255 + 1, loadBigEndian<int32_t>(newest.data() + 36));
  for (int i = 0; i < 100; ++i) {
    ASSERT_THAT(find("k" + std::to_string(i)),
                ElementsAre("m" + std::to_string(i), "m" + std::to_string(100 + i),
                            "m" + std::to_string(200 + i), "m" + std::to_string(300 + i)));
  }
}

TEST_F(StoreIndexTest, CrashedIndexIsRepairedFromItsEntries) {
  open();
  PutResult last;
  for (int i = 0; i < 400; ++i) {
    last = putKeyed("m" + std::to_string(i), "k" + std::to_string(i));
  }
  ASSERT_TRUE(indexed(last));
  options_.root_dir = crashedCopy();
  store_.reset();
  // Power loss: the newest file's header and slots never reached the disk, nor its last entries.
  const std::string path = indexFiles().back();
  patchFile(path, 0, std::string(40 + 64 * 4, '\0'));
  patchFile(path, 40 + 64 * 4 + 100 * 20, std::string((256 - 100) * 20, '\0'));
  open();
  ASSERT_TRUE(indexed(last));
  for (int i = 0; i < 400; ++i) {
    ASSERT_THAT(find("k" + std::to_string(i)), ElementsAre("m" + std::to_string(i)));
  }
  EXPECT_EQ(2u, indexFiles().size());
}

// The keys of both files are of one millisecond, which the checkpoint vouches for in the full one.
TEST_F(StoreIndexTest, AFileThatIsNotFullIsRepairedAfterACrashWhateverItsTime) {
  open();
  std::vector<int64_t> offsets;
  PutResult last;
  for (int i = 0; i < 400; ++i) {
    last = putKeyed("m" + std::to_string(i), "k" + std::to_string(i));
    offsets.push_back(last.physical_offsets.back());
  }
  ASSERT_TRUE(indexed(last));
  options_.root_dir = crashedCopy();
  store_.reset();
  // Of the newest file the slots reached the disk, but the header is that of 20 keys.
  std::string header = readFile(indexFiles().back()).substr(0, 40);
  storeBigEndian(header.data() + 24, offsets[255 + 20 - 1]);
  storeBigEndian(header.data() + 36, int32_t{21});
  patchFile(indexFiles().back(), 0, header);
  open();
  close();
  const std::string newest = readFile(indexFiles().back());
  int32_t used_slots = 0;
  for (size_t slot = 0; slot < 64; ++slot) {
    used_slots += loadBigEndian<int32_t>(newest.data() + 40 + slot * 4) != 0 ? 1 : 0;
  }
  EXPECT_EQ(loadBigEndian<int32_t>(newest.data() + 32), used_slots);
  open();
  ASSERT_TRUE(indexed(last));
  for (int i = 0; i < 400; ++i) {
    ASSERT_THAT(find("k" + std::to_string(i)), ElementsAre("m" + std::to_string(i)));
  }
}

TEST_F(StoreIndexTest, FilesBehindAShortenedOneAreBuiltAgain) {
  open();
  PutResult last;
  for (int i = 0; i < 600; ++i) {
    last = putKeyed("m" + std::to_string(i), "k" + std::to_string(i));
  }
  ASSERT_TRUE(indexed(last));
  options_.root_dir = crashedCopy();
  store_.reset();
  patchFile(root() + "/checkpoint", 16, std::string(8, '\0'));
  patchFile(indexFiles()[0], 40 + 64 * 4 + 100 * 20, std::string(3000, '\0'));
  open();
  ASSERT_TRUE(indexed(last));
  for (int i = 0; i < 600; ++i) {
    ASSERT_THAT(find("k" + std::to_string(i)), ElementsAre("m" + std::to_string(i)));
  }
}

TEST_F(StoreIndexTest, ACleanStopEndsTheRepairThatACrashCalledFor) {
  crashWithoutHeader();
  open();
  close();  // Whether the repair is through by now or not.
  open();
  EXPECT_TRUE(eventually([&] { return find("k") == std::vector<std::string>{"m"}; }));
}

TEST_F(StoreIndexTest, ACleanStopWithTheIndexSwitchedOffVouchesForARepairedOneToo) {
  crashWithoutHeader();
  options_.message_index_enable = false;
  open();
  close();
  options_.message_index_enable = true;
  open();
  EXPECT_TRUE(eventually([&] { return find("k") == std::vector<std::string>{"m"}; }));
}

/// 600 keys in three files of a store that was stopped cleanly.
class DamagedIndexTest : public StoreIndexTest {
 protected:
  static constexpr int kKeys = 600;
  static constexpr int kEntriesAt = 40 + 64 * 4;

  void fill(std::chrono::milliseconds between = {}) {
    filled_from_ms_ = clock_.nowMs();
    open();
    PutResult last;
    for (int i = 0; i < kKeys; ++i) {
      last = putKeyed("m" + std::to_string(i), "k" + std::to_string(i));
      clock_.advance(between);
    }
    ASSERT_TRUE(indexed(last));
    close();
  }
  void expectAllFound() { expectFound(0, 0, int64_t{1} << 60); }
  /// For the keys from number `first` on.
  void expectAllFoundInTheirTime(int first) {
    expectFound(first, filled_from_ms_ - 1000, clock_.nowMs() + 1000);
  }

 private:
  void expectFound(int first, TimestampMs begin, TimestampMs end) {
    EXPECT_TRUE(eventually([&] {
      for (int i = first; i < kKeys; ++i) {
        if (find("k" + std::to_string(i), 64, begin, end) !=
            std::vector<std::string>{"m" + std::to_string(i)}) {
          return false;
        }
      }
      return true;
    }));
  }

  TimestampMs filled_from_ms_ = 0;
};

TEST_F(DamagedIndexTest, ZeroedSlotsAreRebuiltFromTheEntries) {
  fill();
  for (const std::string& path : indexFiles()) {
    patchFile(path, 40, std::string(64 * 4, '\0'));
  }
  open();
  expectAllFound();
  restart();
  EXPECT_THAT(find("k0"), ElementsAre("m0"));
  EXPECT_THAT(find("k300"), ElementsAre("m300"));
}

TEST_F(DamagedIndexTest, SlotsThatLeadElsewhereAreRebuilt) {
  fill();
  patchFile(indexFiles()[0], 40, readFile(indexFiles()[1]).substr(44, 63 * 4));
  open();
  expectAllFound();
}

// The keys from the first lost entry on come from the log again.
TEST_F(DamagedIndexTest, LostEntriesAreIndexedAgain) {
  fill();
  patchFile(indexFiles()[0], kEntriesAt + 100 * 20, std::string(100 * 20, '\0'));
  open();
  expectAllFound();
  EXPECT_EQ(3u, indexFiles().size());
  ASSERT_TRUE(putKeyed("more", "more").ok());
  EXPECT_TRUE(eventually([&] { return find("more") == std::vector<std::string>{"more"}; }));
}

TEST_F(DamagedIndexTest, ZeroedHeaderIsRebuilt) {
  fill();
  patchFile(indexFiles()[1], 0, std::string(40, '\0'));
  open();
  expectAllFound();
}

// With a time that is none a query leaves the file out, or, asked for a range, its entries.
TEST_F(DamagedIndexTest, SpoiltTimesOfAHeaderAreSetRightByTheNextStart) {
  fill(std::chrono::milliseconds(10));
  for (const size_t file : {0u, 2u}) {
    const std::string path = indexFiles()[file];
    const std::string header = readFile(path).substr(0, 40);
    for (const int64_t offset : {2, 5, 7, 10, 13, 15}) {
      SCOPED_TRACE(path + " at " + std::to_string(offset));
      const auto at = static_cast<size_t>(offset);
      patchFile(path, offset, std::string(1, static_cast<char>(header[at] ^ 0x08)));
      open();
      expectAllFoundInTheirTime(0);
      // Where keys are found all the same a stop would leave the rest to the next start.
      EXPECT_TRUE(eventually([&] { return header == readFile(path).substr(0, 40); }));
      close();
    }
  }
}

TEST_F(DamagedIndexTest, ASpoiltTimeIsMissedWhenTheFirstMessageOfTheFileIsGone) {
  fill(std::chrono::milliseconds(10));
  std::filesystem::remove(logFile(0));
  const std::string path = indexFiles()[0];
  patchFile(path, 2, "\x08");
  open();
  expectAllFoundInTheirTime(200);
  close();
  EXPECT_NE('\x08', readFile(indexFiles()[0])[2]);
}

// An entry whose place no record with its key begins at, whether one with another key does or none.
TEST_F(DamagedIndexTest, EntriesThatLeadElsewhereAreMissedByWhoLooksForThem) {
  for (const int64_t shift : {int64_t{0}, int64_t{1}, int64_t{1} << 40}) {
    SCOPED_TRACE(shift);
    fill();
    const std::string path = indexFiles()[0];
    const int64_t at = kEntriesAt + 100 * 20 + 4;
    const auto next = readFile(path).substr(static_cast<size_t>(at) + 20, 8);
    std::string wrong(8, '\0');
    storeBigEndian(wrong.data(), loadBigEndian<int64_t>(next.data()) + shift);
    patchFile(path, at, wrong);
    open();
    expectAllFound();
    close();
    std::filesystem::remove_all(root());
  }
}

// Not by who looks for it, but by the repair that another one asked for.
TEST_F(DamagedIndexTest, ARepairMissesAWrongTimeOfAnEntryToo) {
  fill();
  const std::string path = indexFiles()[0];
  patchFile(path, kEntriesAt + 100 * 20 + 12, std::string("\0\0\1\0", 4));
  patchFile(path, 40, std::string(64 * 4, '\0'));
  open();
  expectAllFound();
  EXPECT_THAT(find("k99", 64, clock_.nowMs(), clock_.nowMs()), ElementsAre("m99"));
}

/// Every message has two keys, so that those of some are in two files.
class IndexGapTest : public StoreIndexTest {
 protected:
  static constexpr int kMessages = 450;

  PutResult fill() {
    PutResult last;
    for (int i = 0; i < kMessages; ++i) {
      const std::string number = std::to_string(i);
      last = putKeyed("m" + number, "a" + number + " b" + number);
    }
    return last;
  }
  bool allFound() {
    for (int i = 0; i < kMessages; ++i) {
      const std::string number = std::to_string(i);
      const std::vector<std::string> expected{"m" + number};
      if (find("a" + number) != expected || find("b" + number) != expected) {
        return false;
      }
    }
    return true;
  }
  /// Works on a copy of the store from now on.
  void copyOf(const std::string& store, const std::string& name) {
    options_.root_dir = dir_ / name;
    copyFolder(store, root());
  }
  std::string contents() const {
    std::string all;
    for (const std::string& path : indexFiles()) {
      all += path.substr(root().size()) + readFile(path);
    }
    return all;
  }
};

TEST_F(IndexGapTest, AFileThatIsGoneIsMissedWhicheverItIs) {
  open();
  ASSERT_TRUE(indexed(fill()));
  const std::string killed = crashedCopy();
  close();
  const std::string closed = root();
  const size_t files = indexFiles().size();
  ASSERT_EQ(4u, files);
  for (const std::string& store : {closed, killed}) {
    for (size_t gone = 0; gone < files; ++gone) {
      SCOPED_TRACE(store + " without file " + std::to_string(gone));
      copyOf(store, "copy" + std::to_string(gone));
      std::filesystem::remove(indexFiles()[gone]);
      open();
      EXPECT_TRUE(eventually([&] { return allFound(); }));
      EXPECT_EQ(files, indexFiles().size());
      close();
      std::filesystem::remove_all(root());
    }
  }
}

// Messages without keys leave room between the entries, and one with more keys than an index file
// has entries is in several files.
TEST_F(IndexGapTest, AnIndexThatLacksNothingStaysAsItIs) {
  options_.index_entries_max = 8;
  open();
  PutResult last;
  for (int i = 0; i < 40; ++i) {
    put("A", 0, "without a key");
    last = putKeyed("m", i % 10 == 0 ? "a b c d e f g h i j k l m n o p q r" : "a b c");
  }
  ASSERT_TRUE(indexed(last));
  close();
  const std::string before = contents();
  for (int start = 0; start < 2; ++start) {
    open();
    last = put("A", 0, "without a key");
    EXPECT_TRUE(eventually([&] { return find("r").size() == 4; }));
    close();
    EXPECT_EQ(before, contents());
  }
}

TEST_F(StoreIndexTest, HostileChainsEnd) {
  open();
  PutResult last;
  for (int i = 0; i < 20; ++i) {
    last = putKeyed("m", "k");
  }
  ASSERT_TRUE(indexed(last));
  close();
  // Every entry names a newer one, or itself, as the older one.
  for (int number = 1; number <= 20; ++number) {
    std::string previous(4, '\0');
    storeBigEndian(previous.data(), int32_t{20});
    patchFile(indexFiles()[0], 40 + 64 * 4 + number * 20 + 16, previous);
  }
  open();
  EXPECT_THAT(find("k"), ElementsAre("m"));
}

TEST_F(StoreIndexTest, NoIndexIsWrittenWhenItIsSwitchedOff) {
  options_.message_index_enable = false;
  open();
  putKeyed("m", "k");
  close();
  EXPECT_FALSE(std::filesystem::exists(root() + "/index"));
}

TEST_F(StoreIndexTest, FullDiskStopsTheIndexAndNotTheMessages) {
  files_.setFaultPath("/index/");
  files_.disk_is_full = true;
  open();
  ASSERT_TRUE(putKeyed("m0", "k").ok());
  EXPECT_THAT(find("k"), ElementsAre());
  files_.disk_is_full = false;
  EXPECT_TRUE(eventually([&] { return find("k") == std::vector<std::string>{"m0"}; }));
}

TEST(IndexKeyHashTest, IsTheAbsoluteValueOfJavasHash) {
  EXPECT_EQ(641858179, indexKeyHash("TopicA", "key1"));
  EXPECT_EQ(2539445, indexKeyHash("T", "k1"));
  // The one value without an absolute value: "T#k1MF>7LE" hashes to the smallest int32.
  EXPECT_EQ(0, indexKeyHash("T", "k1MF>7LE"));
}

}  // namespace
}  // namespace rocketmq::store::test

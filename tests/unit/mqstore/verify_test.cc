#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "common/bytes.h"
#include "store/inspect/compare.h"
#include "store/inspect/log_scanner.h"
#include "store/inspect/read_only_files.h"
#include "store/inspect/summary.h"
#include "store/log/segment.h"
#include "store/queue/queue_entry.h"
#include "tests/unit/mqstore/mqstore_fixture.h"

namespace rocketmq::store::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr int64_t kSizeAt = 0;
constexpr int64_t kMagicAt = 4;
constexpr int64_t kPhysicalOffsetAt = 28;
constexpr int64_t kBodyAt = 88;

/// Lines of an output that begin with a word.
std::vector<std::string> linesWith(const std::string& output, const std::string& word) {
  std::vector<std::string> lines;
  std::istringstream in(output);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(word)) {
      lines.push_back(line);
    }
  }
  return lines;
}

class VerifyTest : public MqstoreTest {
 protected:
  /// Faults of the store as `layout` lists it.
  static std::vector<std::string> faultsOf(const inspect::StoreLayout& layout) {
    std::vector<std::string> faults;
    inspect::verify(inspect::readOnlyFileSystem(), layout, {.delay_level_ms = {1000, 5000}},
                    [&](const inspect::Finding& finding) {
                      if (finding.kind == inspect::Finding::Kind::kFault) {
                        faults.push_back(finding.file + ": " + finding.what);
                      }
                    },
                    {});
    return faults;
  }
  /// Faults of a store that must have some.
  std::vector<std::string> faults() {
    const Outcome outcome = verify(root());
    EXPECT_EQ(1, outcome.status) << outcome.output;
    return linesWith(outcome.output, "fault");
  }
  void expectClean() {
    const Outcome outcome = verify(root());
    EXPECT_EQ(0, outcome.status) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("clean: 0 faults, 0 notes"));
  }
  std::string onlyIndexFile() const {
    std::string path;
    for (const auto& entry : std::filesystem::directory_iterator(root() + "/index")) {
      path = std::max(path, entry.path().string());
    }
    return path;
  }
  void writeEntry(std::string_view topic, int32_t queue_id, int64_t index,
                  const QueueEntry& entry) {
    std::string bytes(kQueueEntryBytes, '\0');
    encodeQueueEntry(entry, bytes.data());
    const int64_t byte = index * kQueueEntryBytes;
    const int64_t base = byte / kQueueFileBytes * kQueueFileBytes;
    patchFile(queueFile(topic, queue_id, base), byte - base, bytes);
  }
  QueueEntry readEntry(std::string_view topic, int32_t queue_id, int64_t index) {
    const int64_t byte = index * kQueueEntryBytes;
    const int64_t base = byte / kQueueFileBytes * kQueueFileBytes;
    return decodeQueueEntry(readFile(queueFile(topic, queue_id, base)).data() + (byte - base));
  }
};

class GoldenVerifyTest : public MqstoreTest, public ::testing::WithParamInterface<std::string> {};

// The killed one too: it was killed a few seconds after its last write, so that the system had all
// of it, and only `abort` tells. Had entries been missing at the ends of queues or an index been
// behind, these would be notes: the next start repairs them.
TEST_P(GoldenVerifyTest, StoresOfJavaBrokersAreClean) {
  const Outcome outcome = verify(unpackGolden(GetParam()));
  EXPECT_EQ(0, outcome.status);
  EXPECT_THAT(outcome.output, HasSubstr("clean: 0 faults, 0 notes"));
  EXPECT_THAT(outcome.output, Not(HasSubstr(" 0 entries")));
}

TEST_P(GoldenVerifyTest, DelayTimesAreThoseOfTheSettingTheyWereMadeWith) {
  const std::string dir = unpackGolden(GetParam());
  const std::string right = "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h";
  EXPECT_EQ(0, run({"verify", dir, "--messageDelayLevel", right}).status);
  EXPECT_EQ(1, run({"verify", dir, "--messageDelayLevel", "7s"}).status);
}

TEST_P(GoldenVerifyTest, LookingChangesNeitherBytesNorTimes) {
  const std::string dir = unpackGolden(GetParam());
  std::filesystem::remove(dir + "/lock");        // It must not be made either.
  std::filesystem::remove(dir + "/timerwheel");  // Megabytes that nobody looks at.
  const Snapshot before = snapshot(dir);
  EXPECT_EQ(0, run({"inspect", dir}).status);
  EXPECT_EQ(0, run({"inspect", "--quick", dir}).status);
  EXPECT_EQ(0, run({"verify", dir}).status);
  EXPECT_EQ(0, run({"dump", dir, "--decompress"}).status);
  EXPECT_EQ(0, run({"compare", dir, dir}).status);
  EXPECT_TRUE(before == snapshot(dir));
}

INSTANTIATE_TEST_SUITE_P(Java, GoldenVerifyTest,
                         ::testing::Values("java-4.9.8-clean", "java-4.9.8-killed",
                                           "java-5.3.3-clean"),
                         [](const auto& suite) {
                           std::string name = suite.param;
                           std::replace_if(
                               name.begin(), name.end(),
                               [](char c) { return c == '-' || c == '.'; }, '_');
                           return name;
                         });

// Promise: beside a broker at work, what retention takes between the listing and the reading is no
// fault; what was not there before it is one.
TEST_F(VerifyTest, WhatRetentionTakesMeanwhileIsNoFault) {
  makeStore(200);
  auto layout = inspect::readLayout(inspect::readOnlyFileSystem(), root(), {},
                                    [](const inspect::Finding&) {});
  ASSERT_TRUE(layout.ok()) << layout.status().message();
  ASSERT_GT(layout->log_files.size(), 3u);
  std::filesystem::remove(layout->log_files[0].path);
  std::filesystem::remove(layout->log_files[1].path);
  int removed = 0;
  for (const inspect::QueueFolder& queue : layout->queues) {
    if (queue.files.size() > 1) {
      removed += std::filesystem::remove(queue.files.front().path) ? 1 : 0;
    }
  }
  EXPECT_EQ(3, removed);
  EXPECT_THAT(faultsOf(*layout), Not(::testing::IsEmpty()));
  layout->lock.is_held = true;
  EXPECT_THAT(faultsOf(*layout), ::testing::IsEmpty());
  ASSERT_GT(layout->index_files.size(), 1u);
  std::filesystem::remove(layout->index_files[0].path);
  EXPECT_THAT(faultsOf(*layout), ::testing::IsEmpty());

  inspect::LogScanner scanner(inspect::readOnlyFileSystem(), *layout, layout->logBegin());
  inspect::LogItem item = scanner.next();
  EXPECT_EQ(layout->log_files[2].base, item.begin);
  for (; item.kind == inspect::LogItem::Kind::kRecord; item = scanner.next()) {
  }
  EXPECT_EQ(inspect::LogItem::Kind::kEnd, item.kind) << item.reason;

  layout->log_files.erase(layout->log_files.begin() + 2);
  EXPECT_THAT(faultsOf(*layout), Not(::testing::IsEmpty()));
}

TEST_F(VerifyTest, AnIndexFileThatAKillLeftEmptyIsANote) {
  makeStore(5);
  const std::string whole = onlyIndexFile();
  const std::string empty = root() + "/index/20991231235959999";
  writeFile(empty, "");
  for (const bool has_others : {true, false}) {
    SCOPED_TRACE(has_others);
    const Outcome outcome = verify(root());
    EXPECT_EQ(0, outcome.status) << outcome.output;
    EXPECT_THAT(linesWith(outcome.output, "note"),
                Contains(HasSubstr("index/20991231235959999 at 0: the file is empty")));
    std::filesystem::remove(whole);
  }
  open();
  EXPECT_FALSE(std::filesystem::exists(empty));
}

TEST_F(VerifyTest, StoreThatWasClosedIsClean) {
  makeStore();
  expectClean();
}

TEST_F(VerifyTest, EmptyStoreIsCleanAndAFolderWithoutStoreCannotBeRead) {
  open();
  close();
  expectClean();
  EXPECT_EQ(2, verify(dir_ / "nothing").status);
  std::filesystem::create_directories(dir_ / "empty");
  const Outcome outcome = verify(dir_ / "empty");
  EXPECT_EQ(2, outcome.status);
  EXPECT_THAT(outcome.output, HasSubstr("holds no store"));
}

TEST_F(VerifyTest, FlippedBitInABodyIsFoundWhereItIs) {
  makeStore();
  const int64_t record = physicalOffset("Orders", 1, 7);
  flipLog(record + kBodyAt + 3);
  const auto found = faults();
  ASSERT_EQ(3u, found.size());  // The record, the gap that it leaves, its entry in the queue.
  EXPECT_THAT(found[0], HasSubstr(fmt::format("commitlog/00000000000000000000 at {}: ", record)));
  EXPECT_THAT(found[0], HasSubstr("does not match its CRC (topic Orders, queue 1, offset 7)"));
  EXPECT_THAT(found[1], HasSubstr("the log has no record for offset 7 of queue Orders/1"));
  EXPECT_THAT(found[2], HasSubstr("consumequeue/Orders/1/00000000000000000000 at 140: entry 7"));
}

TEST_F(VerifyTest, FlippedBitsInSizeMagicAndOffsetAreFoundAndTheNextRecordsAreRead) {
  makeStore();
  const int64_t at[] = {kSizeAt + 1, kMagicAt + 1, kPhysicalOffsetAt + 6};
  const char* reasons[] = {"does not fit", "is no record's", "says of itself that it is at"};
  for (int i = 0; i < 3; ++i) {
    const int64_t record = physicalOffset("Bills", 3, 10 + i);
    flipLog(record + at[i]);
    const auto found = faults();
    EXPECT_THAT(found.at(0), HasSubstr(reasons[i]));
    EXPECT_THAT(found.at(0), HasSubstr(fmt::format(" at {}: 102 bytes", record)));
    EXPECT_EQ(3u, found.size()) << i;  // Record, gap, entry.
    flipLog(record + at[i]);
  }
  expectClean();
}

TEST_F(VerifyTest, MissingConsumeQueueIsOneFault) {
  makeStore();
  std::filesystem::remove_all(root() + "/consumequeue/Orders/1");
  const auto found = faults();
  ASSERT_EQ(1u, found.size());
  EXPECT_THAT(found[0], HasSubstr("offsets 0 to 39: the log has records, the queue has no"));
}

TEST_F(VerifyTest, MissingQueuesOfATopicThatTheBrokerDoesNotKnowAreADeletedTopic) {
  makeStore();
  std::filesystem::remove_all(root() + "/consumequeue/Bills");
  EXPECT_EQ(1u, faults().size());
  writeFile(root() + "/config/topics.json", R"({"topicConfigTable":{"Orders":{}}})");
  const Outcome outcome = verify(root());
  EXPECT_EQ(0, outcome.status);
  EXPECT_THAT(outcome.output, HasSubstr("the topic has been deleted"));
}

TEST_F(VerifyTest, WrongQueueEntriesAreFoundByWhatIsWrongWithThem) {
  makeStore();
  const QueueEntry right = readEntry("Orders", 0, 20);
  const auto faultOf = [&](const QueueEntry& entry) {
    writeEntry("Orders", 0, 20, entry);
    const auto found = faults();
    EXPECT_EQ(1u, found.size());
    return found.empty() ? std::string() : found[0];
  };
  QueueEntry wrong = right;
  wrong.physical_offset = physicalOffset("Bills", 3, 20);
  EXPECT_THAT(faultOf(wrong), HasSubstr("that record is of queue Bills/3"));
  wrong.physical_offset = physicalOffset("Orders", 0, 21);
  EXPECT_THAT(faultOf(wrong), HasSubstr("that record has queue offset 21"));
  wrong.physical_offset = right.physical_offset + 1;
  EXPECT_THAT(faultOf(wrong), HasSubstr("entry 20: points at"));
  wrong.physical_offset = int64_t{1} << 50;
  EXPECT_THAT(faultOf(wrong), HasSubstr("behind the end of the log"));
  wrong = right;
  wrong.record_bytes += 1;
  EXPECT_THAT(faultOf(wrong), HasSubstr("the record at"));
  wrong = right;
  wrong.tags_code += 1;
  EXPECT_THAT(faultOf(wrong), HasSubstr("tags code"));
  writeEntry("Orders", 0, 20, right);
  expectClean();
}

TEST_F(VerifyTest, ASpoiltQueueIsNotTakenForATopicThatWasMadeAnew) {
  makeStore();
  QueueEntry wrong = readEntry("Orders", 0, 20);
  wrong.physical_offset = int64_t{1} << 50;
  writeEntry("Orders", 0, 20, wrong);
  const Outcome outcome = verify(root());
  EXPECT_THAT(outcome.output, HasSubstr("behind the end of the log"));
  EXPECT_THAT(outcome.output, Not(HasSubstr("made anew")));
}

TEST_F(VerifyTest, HoleInAQueueIsFound) {
  makeStore();
  writeEntry("Orders", 0, 5, {});
  const auto found = faults();
  ASSERT_EQ(2u, found.size());  // The record lacks an entry, the queue has a hole.
  EXPECT_THAT(found[0] + found[1], HasSubstr("entry 5: empty, though later ones are not"));
}

TEST_F(VerifyTest, DamageInFrontOfAQueuesMinimumIsANote) {
  makeStore(40);
  std::filesystem::remove(logFile(0));
  open();
  const int64_t minimum = store_->minOffset("Orders", 0);
  close();
  ASSERT_LT(10, minimum);
  ASSERT_GT(35, minimum);
  expectClean();
  QueueEntry wrong = readEntry("Orders", 0, 5);
  const QueueEntry last_old = readEntry("Orders", 0, minimum - 1);
  writeEntry("Orders", 0, 3, {});
  wrong.physical_offset = int64_t{1} << 50;
  writeEntry("Orders", 0, 5, wrong);
  wrong.physical_offset = physicalOffset("Bills", 3, 39);
  writeEntry("Orders", 0, 7, wrong);
  writeEntry("Orders", 0, minimum - 1, wrong);
  const Outcome outcome = verify(root());
  EXPECT_EQ(0, outcome.status) << outcome.output;
  EXPECT_EQ(4u, linesWith(outcome.output, "note").size()) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("entry 3: empty, though later ones are not; it lies in "
                                        "front of the queue's minimum offset"));

  // What the broker has not noted must follow from the entries: the last of them may be read.
  std::filesystem::remove(root() + "/queueends");
  ASSERT_EQ(1u, faults().size());
  EXPECT_THAT(faults()[0], HasSubstr(fmt::format("entry {}: points at", minimum - 1)));
  writeEntry("Orders", 0, minimum - 1, last_old);
  EXPECT_EQ(0, verify(root()).status);
  // One that seems to be old makes no others old.
  writeEntry("Orders", 0, 36, {.physical_offset = int64_t{1} << 50, .record_bytes = 100});
  writeEntry("Orders", 0, 38, last_old);
  EXPECT_THAT(faults(), Contains(HasSubstr("entry 36: behind the end of the log")));
}

TEST_F(VerifyTest, WhatAKillLeavesIsANoteAndNoFault) {
  open();
  send("Orders", 0, 100);
  ASSERT_TRUE(flushEverything());
  const std::string killed = crashedCopy();
  // Half a record at the end, and a queue that is behind: both as if the disk had been slow.
  const int64_t last = store_->get({.topic = "Orders", .offset = 99}).slices.empty()
                           ? -1
                           : store_->queueEntries("Orders", 0, 99, 1).at(0).physical_offset;
  ASSERT_GE(last, 0);
  const int64_t base = last / kLogFileBytes * kLogFileBytes;
  patchFile(killed + "/commitlog/" + segmentFileName(base), last - base + kBodyAt,
            std::string(1, '\0'));
  patchFile(killed + "/consumequeue/Orders/0/00000000000000001000", 48 * kQueueEntryBytes,
            std::string(2 * kQueueEntryBytes, '\0'));
  const Outcome outcome = verify(killed);
  EXPECT_EQ(0, outcome.status) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("offset 98: not in the queue yet; the next start adds"));
  EXPECT_THAT(outcome.output, HasSubstr("the log ends here, but not in zeros"));
  EXPECT_EQ(1, run({"verify", "--strict", killed}).status);

  // The same without `abort` is a loss that no start repairs.
  std::filesystem::remove(killed + "/abort");
  const Outcome unmarked = verify(killed);
  EXPECT_EQ(1, unmarked.status);
  EXPECT_EQ(2u, linesWith(unmarked.output, "fault").size()) << unmarked.output;
}

TEST_F(VerifyTest, TornTailOfACleanStoreIsAFault) {
  makeStore();
  flipLog(physicalOffset("Bills", 3, 39) + kBodyAt);
  flipLog(physicalOffset("Bills", 3, 39) + 102 + kBodyAt);  // The delayed message, the last one.
  const auto found = faults();
  ASSERT_FALSE(found.empty());
  EXPECT_THAT(found[0], HasSubstr("the log ends here, but not in zeros"));
  EXPECT_THAT(found.back(), HasSubstr("behind the end of the log"));
}

TEST_F(VerifyTest, DamagedIndexIsFound) {
  makeStore();
  const std::string path = onlyIndexFile();
  const int64_t entry_5 = 40 + 64 * 4 + 5 * 20;
  const struct {
    int64_t offset;
    const char* text;
  } damages[] = {{entry_5 + 3, "no key with this hash"},
                 {entry_5 + 10, "points at"},
                 {entry_5 + 15, "its time is"},
                 {entry_5 + 19, "the one before it in its slot"},
                 {7, "the header says store times"},
                 {15, "the header says store times"},
                 {35, "used slots"},
                 {39, "index"}};
  for (const auto& damage : damages) {
    SCOPED_TRACE(damage.text);
    flip(path, damage.offset, '\x01');
    const Outcome outcome =
        run({"verify", root(), "--maxHashSlotNum", "64", "--maxIndexNum", "256"});
    EXPECT_EQ(1, outcome.status);
    EXPECT_THAT(outcome.output, HasSubstr(damage.text));
    flip(path, damage.offset, '\x01');
  }
  expectClean();
}

TEST_F(VerifyTest, AnIndexFileThatIsGoneIsANoteUntilTheNextStart) {
  makeStore(200);  // 800 keys.
  std::vector<std::filesystem::path> index_files;
  for (const auto& entry : std::filesystem::directory_iterator(root() + "/index")) {
    index_files.push_back(entry.path());
  }
  ASSERT_EQ(4u, index_files.size());
  std::sort(index_files.begin(), index_files.end());
  std::filesystem::remove(index_files[1]);
  const Outcome outcome = run({"verify", root(), "--maxHashSlotNum", "64", "--maxIndexNum", "256"});
  EXPECT_EQ(0, outcome.status) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("clean: 0 faults, 1 note"));
  EXPECT_THAT(outcome.output, HasSubstr("keys of 127 messages from here on are in no index file"));
  open();
  EXPECT_TRUE(eventually([&] {
    return !store_->queryByKey("Orders", "k80", 1, 0, int64_t{1} << 60).records.empty();
  }));
  close();
  expectClean();
}

TEST_F(VerifyTest, AClockThatWasSetBackIsANoteAndNoFault) {
  open();
  put("A", 0, "before", properties({{"KEYS", "before"}}));
  clock_.advance(-std::chrono::hours(1));
  put("A", 0, "after", properties({{"KEYS", "after"}}));
  close();
  const Outcome outcome = run({"verify", root(), "--maxHashSlotNum", "64", "--maxIndexNum", "256"});
  EXPECT_EQ(0, outcome.status) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("clean: 0 faults, 1 note"));
  EXPECT_THAT(outcome.output, HasSubstr("the header's times go back"));
}

TEST_F(VerifyTest, ShortAndMissingFilesAreFound) {
  makeStore(200);
  std::filesystem::resize_file(logFile(kLogFileBytes), 5000);
  EXPECT_THAT(faults().at(0), HasSubstr("the file has 5000 bytes"));
  std::filesystem::remove(logFile(kLogFileBytes));
  const auto found = faults();
  EXPECT_THAT(found.at(0), HasSubstr("a file of the log is missing"));
}

TEST_F(VerifyTest, APipeInThePlaceOfAFileIsSaidAndNotWaitedFor) {
  makeStore();
  const auto expectRefused = [&](const std::string& path,
                                 const std::vector<std::string>& commands) {
    const std::string kept = readFile(path);
    std::filesystem::remove(path);
    ASSERT_EQ(0, ::mkfifo(path.c_str(), 0600));
    for (const std::string& command : commands) {
      const Outcome refused = run({command, root()});
      EXPECT_EQ(2, refused.status) << command;
      EXPECT_THAT(refused.output, HasSubstr(path + ": it is no regular file"));
    }
    std::filesystem::remove(path);
    writeFile(path, kept);
  };
  expectRefused(onlyIndexFile(), {"inspect", "verify", "rebuild"});
  expectRefused(queueFile("Orders", 0), {"inspect", "verify", "rebuild"});
  expectRefused(logFile(0), {"inspect", "verify", "dump", "rebuild"});
  expectRefused(root() + "/queueends", {"rebuild"});
  expectClean();
  std::filesystem::remove(root() + "/lock");
  ASSERT_EQ(0, ::mkfifo((root() + "/lock").c_str(), 0600));
  EXPECT_EQ(0, run({"inspect", root()}).status);
}

// Only zeros come behind the gap: without them a broker would start, with them none does.
TEST_F(VerifyTest, AMissingFileIsAFaultEvenWhenOnlyAnEmptyOneComesBehind) {
  makeStore();
  const int64_t end = 1 << 20;
  std::filesystem::copy_file(logFile(0), logFile(end));
  std::filesystem::resize_file(logFile(end), 0);
  std::filesystem::resize_file(logFile(end), kLogFileBytes);
  const auto found = faults();
  ASSERT_EQ(1u, found.size());
  EXPECT_THAT(found[0], HasSubstr("a file of the log is missing"));
  EXPECT_NE("", tryOpen().message());
  std::filesystem::remove(logFile(end));
  expectClean();
}

TEST_F(VerifyTest, AStoreWithoutItsLogIsNotClean) {
  makeStore();
  std::filesystem::remove_all(root() + "/commitlog");
  EXPECT_THAT(faults().at(0), HasSubstr("there is no file of the log"));
  const Outcome rebuilt = run({"rebuild", root()});
  EXPECT_EQ(2, rebuilt.status);
  EXPECT_THAT(rebuilt.output, HasSubstr("nothing to build from"));
  EXPECT_TRUE(std::filesystem::exists(queueFile("Orders", 0)));
}

TEST_F(VerifyTest, InspectOfADamagedStoreSaysSoByItsStatusToo) {
  makeStore();
  EXPECT_EQ(0, run({"inspect", root()}).status);
  flipLog(physicalOffset("Orders", 0, 1) + kBodyAt);
  EXPECT_EQ(1, run({"inspect", root()}).status);
  EXPECT_EQ(0, run({"inspect", "--quick", root()}).status);
}

TEST_F(VerifyTest, ArgumentsThatCannotBeAreRefused) {
  makeStore();
  const auto refusal = [&](const std::vector<std::string>& arguments) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(2, outcome.status) << outcome.output;
    return outcome.output;
  };
  EXPECT_THAT(refusal({"verfy", root()}), HasSubstr("there is no command verfy"));
  EXPECT_THAT(refusal({"verify", root(), "--max-lines", "-1"}), HasSubstr("--max-lines"));
  EXPECT_THAT(refusal({"dump", root(), "--count", "-1"}), HasSubstr("--count"));
  EXPECT_THAT(refusal({"dump", root(), "--queue", "1"}), HasSubstr("--queue needs --topic"));
  EXPECT_THAT(refusal({"inspect", root(), "--mappedFileSizeCommitLog", "0"}),
              HasSubstr("--mappedFileSizeCommitLog"));
}

TEST_F(VerifyTest, LiveStoreIsReadWithANoteThatItIs) {
  open();
  send("Orders", 0, 50);
  const Outcome outcome = verify(root());
  EXPECT_EQ(0, outcome.status) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("has this store open"));
  EXPECT_THAT(run({"inspect", root()}).output, HasSubstr("open in a broker"));
  send("Orders", 0, 50);
  EXPECT_EQ(100, store_->maxOffset("Orders", 0));
}

TEST_F(VerifyTest, RandomDamageNeverHarmsTheReader) {
  makeStore(30);
  std::vector<std::string> paths;
  for (const auto& [path, content] : filesOf(root())) {
    if (path != "lock") {
      paths.push_back(root() + "/" + path);
    }
  }
  uint64_t state = 42;
  const auto random = [&](uint64_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % bound;
  };
  FileSystem& files = inspect::readOnlyFileSystem();
  for (int round = 0; round < 200; ++round) {
    const std::string& path = paths[random(paths.size())];
    flip(path, static_cast<int64_t>(random(std::filesystem::file_size(path))),
         static_cast<char>(random(255) + 1));
    int64_t findings = 0;
    const auto sink = [&](const inspect::Finding&) { ++findings; };
    const auto layout = inspect::readLayout(files, root(), {}, sink);
    ASSERT_TRUE(layout.ok());
    const auto report = inspect::verify(files, *layout, {}, sink, nullptr);
    ASSERT_LE(report.records, 91);
    inspect::summarize(files, *layout, true, nullptr);
    inspect::findLogEnd(files, *layout);
  }
}

}  // namespace
}  // namespace rocketmq::store::test

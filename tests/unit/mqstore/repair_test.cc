#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "common/bytes.h"
#include "store/inspect/read_only_files.h"
#include "store/inspect/salvage.h"
#include "store/log/segment.h"
#include "tests/unit/mqstore/mqstore_fixture.h"

namespace rocketmq::store::test {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kBodyAt = 88;
constexpr int64_t kQueueOffsetAt = 20;

class RepairTest : public MqstoreTest {
 protected:
  /// Without the clocks' differences: sizes are those of the fixture.
  Outcome rebuild(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"rebuild", root(), "--messageDelayLevel", "1s 5s"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  Outcome salvage() {
    return run({"salvage", root(), dir_ / "out", "--messageDelayLevel", "1s 5s"});
  }
  /// Goes on with the store that was salvaged.
  void openSalvaged() {
    options_.root_dir = dir_ / "out";
    open();
  }
  std::map<int64_t, StoredMessage> messages(std::string_view topic, int32_t queue_id) {
    std::map<int64_t, StoredMessage> all;
    for (StoredMessage& message : readAll(*store_, topic, queue_id)) {
      all[message.queue_offset] = std::move(message);
    }
    return all;
  }
};

class GoldenRepairTest : public RepairTest, public ::testing::WithParamInterface<std::string> {
 protected:
  GoldenRepairTest() { options_.root_dir = unpackGolden(GetParam()); }
};

TEST_P(GoldenRepairTest, RebuiltQueuesAndIndexEqualThoseOfJava) {
  const auto queues = filesOf(root() + "/consumequeue");
  const auto index = filesOf(root() + "/index");
  const Outcome outcome = run({"rebuild", root()});
  EXPECT_EQ(0, outcome.status) << outcome.output;
  EXPECT_TRUE(queues == filesOf(root() + "/consumequeue"));
  const auto new_index = filesOf(root() + "/index");
  ASSERT_EQ(index.size(), new_index.size());
  for (auto a = index.begin(), b = new_index.begin(); a != index.end(); ++a, ++b) {
    EXPECT_TRUE(a->second == b->second) << a->first;
  }
  EXPECT_FALSE(std::filesystem::exists(root() + "/consumequeue.old"));
  EXPECT_FALSE(std::filesystem::exists(root() + "/consumequeue.rebuild"));
  EXPECT_EQ(0, verify(root()).status);
}

TEST_P(GoldenRepairTest, SalvageOfAnIntactLogIsTheSameLog) {
  const Outcome outcome = run({"salvage", root(), dir_ / "out"});
  EXPECT_EQ(0, outcome.status) << outcome.output;
  const Outcome compared = run({"compare", root(), dir_ / "out"});
  EXPECT_EQ(0, compared.status) << compared.output;
  EXPECT_TRUE(filesOf(root() + "/consumequeue") == filesOf(dir_ / "out/consumequeue"));
  EXPECT_TRUE(filesOf(root() + "/config") == filesOf(dir_ / "out/config"));
  EXPECT_EQ(0, verify(dir_ / "out").status);
}

INSTANTIATE_TEST_SUITE_P(Java, GoldenRepairTest,
                         ::testing::Values("java-4.9.8-clean", "java-4.9.8-killed",
                                           "java-5.3.3-clean"),
                         [](const auto& suite) {
                           std::string name = suite.param;
                           std::replace_if(
                               name.begin(), name.end(),
                               [](char c) { return c == '-' || c == '.'; }, '_');
                           return name;
                         });

// --- rebuild ------------------------------------------------------------------------------------

TEST_F(RepairTest, RebuildMakesTheBytesThatTheBrokerMade) {
  makeStore(200);
  const auto queues = filesOf(root() + "/consumequeue");
  flip(queueFile("Orders", 0), 20 * 3);
  std::filesystem::remove_all(root() + "/consumequeue/Bills");
  const Outcome outcome = rebuild();
  EXPECT_EQ(0, outcome.status) << outcome.output;
  EXPECT_TRUE(queues == filesOf(root() + "/consumequeue"));
  EXPECT_EQ(0, verify(root()).status);
  open();
  EXPECT_EQ(200u, bodies("Bills", 3).size());
  EXPECT_EQ(1u, store_->queryByKey("Orders", "uk7", 1, 0, int64_t{1} << 60).records.size());
}

TEST_F(RepairTest, AddressesOfUnitsAreNoFaultAndRebuildPutsTagsCodesInTheirPlace) {
  makeStore(100);
  const auto queues = filesOf(root() + "/consumequeue");
  options_.queue_extension = true;
  std::filesystem::remove_all(root() + "/consumequeue");
  open();
  close();
  EXPECT_TRUE(std::filesystem::exists(root() + "/consumequeue_ext/Orders/0"));
  EXPECT_FALSE(queues == filesOf(root() + "/consumequeue"));
  EXPECT_EQ(0, verify(root()).status);
  std::filesystem::remove_all(root() + "/consumequeue_ext/Bills");
  EXPECT_EQ(0, verify(root()).status);
  EXPECT_EQ(0, rebuild().status);
  EXPECT_TRUE(queues == filesOf(root() + "/consumequeue"));
  open();
  send("Orders", 0, 1);
  EXPECT_EQ(101u, bodies("Orders", 0).size());
  close();
  EXPECT_EQ(0, verify(root()).status);
}

TEST_F(RepairTest, RebuildIsRefusedWhileTheStoreIsOpen) {
  makeStore(5);
  open();
  const Snapshot before = snapshot(root() + "/consumequeue");
  const Outcome outcome = rebuild();
  EXPECT_EQ(2, outcome.status);
  EXPECT_THAT(outcome.output, HasSubstr("MQ already started"));
  EXPECT_TRUE(before == snapshot(root() + "/consumequeue"));
  EXPECT_EQ(2, salvage().status);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "out"));
}

/// Notes what there is of a salvaged store when everything is brought to the disk.
class SyncWatch final : public rocketmq::test::ForwardingFileSystem {
 public:
  explicit SyncWatch(std::string out) : out_(std::move(out)) {}
  Status syncAll(const std::string& path) override {
    has_config_ = std::filesystem::exists(path + "/config/topics.json");
    is_before_rename_ = path == out_ + ".partial" && !std::filesystem::exists(out_);
    return ForwardingFileSystem::syncAll(path);
  }
  bool isEarlyAndWhole() const { return has_config_ && is_before_rename_; }

 private:
  const std::string out_;
  bool has_config_ = false;
  bool is_before_rename_ = false;
};

// Promise: no power loss leaves a salvaged store in its place with config files that are empty.
TEST_F(RepairTest, SalvagedConfigIsOnTheDiskBeforeTheStoreIsInPlace) {
  makeStore(5);
  std::filesystem::create_directories(root() + "/config");
  writeFile(root() + "/config/topics.json", "{}");
  SyncWatch target(dir_ / "out");
  inspect::SalvageOptions options;
  options.delay_level_ms = {1000, 5000};
  const auto report = inspect::salvage(
      root(), dir_ / "out", options, [](const inspect::Finding&) {}, {}, target);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_TRUE(target.isEarlyAndWhole());
  EXPECT_EQ("{}", readFile(dir_ / "out/config/topics.json"));
}

TEST_F(RepairTest, RepairsAreRefusedWithoutTheLockFileToo) {
  makeStore(5);
  open();
  std::filesystem::remove(root() + "/lock");
  EXPECT_THAT(rebuild().output, HasSubstr("MQ already started"));
  std::filesystem::remove(root() + "/lock");
  EXPECT_THAT(salvage().output, HasSubstr("is open in a broker"));
  close();
  EXPECT_EQ(0, rebuild().status);
}

TEST_F(RepairTest, RebuildIsRefusedWhileAnotherStoreHasTheLog) {
  makeStore(5);
  std::filesystem::copy(root(), dir_ / "other", std::filesystem::copy_options::recursive);
  open();
  const Outcome outcome =
      run({"rebuild", dir_ / "other", "--storePathCommitLog", root() + "/commitlog"});
  EXPECT_EQ(2, outcome.status);
  EXPECT_THAT(outcome.output, HasSubstr("the commit log " + root() + "/commitlog is in use"));
}

TEST_F(RepairTest, RebuildKeepsTheOldOnesWhenAskedAndRefusesToOverwriteThem) {
  makeStore(5);
  const auto queues = filesOf(root() + "/consumequeue");
  EXPECT_EQ(0, rebuild({"--keep-old"}).status);
  EXPECT_TRUE(queues == filesOf(root() + "/consumequeue.old"));
  const Outcome again = rebuild();
  EXPECT_EQ(2, again.status);
  EXPECT_THAT(again.output, HasSubstr("remove it"));
}

TEST_F(RepairTest, RebuildGoesOnAfterOneThatWasInterruptedInTheSwap) {
  makeStore(5);
  const auto queues = filesOf(root() + "/consumequeue");
  std::filesystem::rename(root() + "/consumequeue", root() + "/consumequeue.old");
  writeFile(root() + "/consumequeue.rebuild/half", "written");
  EXPECT_EQ(0, rebuild().status);
  EXPECT_TRUE(queues == filesOf(root() + "/consumequeue"));
}

TEST_F(RepairTest, RebuildOfADamagedLogServesWhatIsIntact) {
  makeStore();
  flipLog(physicalOffset("Bills", 3, 10) + kBodyAt);
  const Outcome outcome = rebuild();
  EXPECT_EQ(1, outcome.status);
  EXPECT_THAT(outcome.output, HasSubstr("offset 10: not in the log"));
  open();
  const auto left = messages("Bills", 3);
  EXPECT_EQ(39u, left.size());
  EXPECT_FALSE(left.contains(10));
  EXPECT_EQ(40, store_->maxOffset("Bills", 3));
}

// A queue whose messages have all expired must not begin again at 0.
TEST_F(RepairTest, RebuildKeepsWhereEmptyQueuesGoOn) {
  open();
  send("Old", 0, 10);
  send("New", 0, 400);
  close();
  std::filesystem::remove(logFile(0));
  EXPECT_EQ(0, rebuild().status);
  open();
  EXPECT_EQ(10, store_->maxOffset("Old", 0));
  EXPECT_EQ(400, store_->maxOffset("New", 0));
  EXPECT_EQ(10, put("Old", 0, "more").queue_offset);
}

// The newest log file is gone, and with it all records of one queue.
TEST_F(RepairTest, OffsetsOfALostLogFileAreNotGivenAgain) {
  for (const bool has_queues : {true, false}) {
    for (const bool is_salvage : {false, true}) {
      SCOPED_TRACE(std::string(is_salvage ? "salvage" : "rebuild") +
                   (has_queues ? ", queues" : ""));
      options_.root_dir = dir_ / std::to_string(is_salvage * 2 + has_queues);
      open();
      send("A", 0, 400);
      const int64_t last = put("Late", 0, "m").physical_offsets.front();
      close();
      std::filesystem::remove(logFile(last / kLogFileBytes * kLogFileBytes));
      const std::string queue_bytes = std::to_string(kQueueFileBytes);
      if (!has_queues) {
        std::filesystem::remove_all(root() + "/consumequeue");
      }
      std::vector<std::string> arguments = {"rebuild", root(), "--mappedFileSizeConsumeQueue",
                                            queue_bytes};
      if (is_salvage) {
        std::filesystem::remove_all(dir_ / "out");
        arguments[0] = "salvage";
        arguments.insert(arguments.begin() + 2, dir_ / "out");
      }
      const Outcome outcome = run(arguments);
      EXPECT_EQ(0, outcome.status) << outcome.output;
      EXPECT_THAT(outcome.output, HasSubstr("the log has nothing of it; it is kept to go on at 1"));
      is_salvage ? openSalvaged() : open();
      EXPECT_EQ(400, put("A", 0, "more").queue_offset);
      EXPECT_EQ(1, put("Late", 0, "more").queue_offset);
      close();
    }
  }
}

// A broker that is started in the middle of a swap makes the queues, of those without a message in
// the log too, and the next rebuild clears away what was left.
TEST_F(RepairTest, ABrokerStartsInTheMiddleOfASwapAndRebuildCanBeRunAgain) {
  open();
  send("Old", 0, 10);
  send("New", 0, 400);
  close();
  std::filesystem::remove(logFile(0));
  open();
  close();
  std::filesystem::rename(root() + "/consumequeue", root() + "/consumequeue.replaced");
  writeFile(root() + "/consumequeue.rebuild/half", "written");
  open();
  EXPECT_EQ(10, store_->maxOffset("Old", 0));
  close();
  EXPECT_EQ(0, rebuild().status);
  EXPECT_FALSE(std::filesystem::exists(root() + "/consumequeue.replaced"));
  EXPECT_TRUE(std::filesystem::exists(root() + "/queueends"));
  open();
  EXPECT_EQ(10, put("Old", 0, "more").queue_offset);
}

TEST_F(RepairTest, TopicMadeAnewDoesNotGetItsOldMessagesBack) {
  open();
  send("Again", 0, 30, "old");
  ASSERT_TRUE(store_->deleteTopic("Again").isOk());
  send("Again", 0, 5, "new");
  close();
  EXPECT_EQ(0, rebuild().status);
  open();
  EXPECT_THAT(bodies("Again", 0), ElementsAre("new0", "new1", "new2", "new3", "new4"));
}

TEST_F(RepairTest, DeletedTopicStaysDeleted) {
  open();
  send("Gone", 0, 30);
  send("Here", 0, 30);
  ASSERT_TRUE(store_->deleteTopic("Gone").isOk());
  close();
  const Outcome verified = verify(root());
  EXPECT_EQ(0, verified.status) << verified.output;
  EXPECT_THAT(verified.output, HasSubstr("topics are deleted: 30 records"));
  const auto queues = filesOf(root() + "/consumequeue");
  const Outcome outcome = rebuild();
  EXPECT_EQ(0, outcome.status);
  EXPECT_THAT(outcome.output, HasSubstr("topics are deleted: 30 records"));
  EXPECT_TRUE(queues == filesOf(root() + "/consumequeue"));
  EXPECT_EQ(0, salvage().status);
  openSalvaged();
  EXPECT_EQ(std::set<std::string>{"Here"}, store_->topics());
  EXPECT_EQ(30u, bodies("Here", 0).size());
}

// The CRC covers the body only.
TEST_F(RepairTest, WrongQueueOffsetCostsOneMessageAndNotTheRestOfTheQueue) {
  makeStore();
  flipLog(physicalOffset("Bills", 3, 10) + kQueueOffsetAt + 5, '\x01');
  EXPECT_EQ(1, verify(root()).status);
  const Outcome outcome = rebuild();
  EXPECT_EQ(1, outcome.status);
  EXPECT_THAT(outcome.output, HasSubstr("is left out: its queue offset"));
  open();
  EXPECT_EQ(39u, messages("Bills", 3).size());
  EXPECT_EQ(40, store_->maxOffset("Bills", 3));
}

// --- salvage ------------------------------------------------------------------------------------

TEST_F(RepairTest, SalvagedStoreHasEveryIntactMessageAtItsQueueOffset) {
  makeStore(200);
  open();
  const auto orders = messages("Orders", 1);
  const auto bills = messages("Bills", 3);
  close();
  const int64_t first_damage = physicalOffset("Orders", 1, 20);
  flipLog(first_damage + kBodyAt);                      // Body.
  flipLog(physicalOffset("Bills", 3, 50) + 2);          // Size.
  flipLog(physicalOffset("Orders", 0, 60) + 5);         // Magic.
  const std::string file = logFile(2 * kLogFileBytes);  // A stretch of several records.
  patchFile(file, 3000, std::string(2000, '\xFF'));
  writeFile(root() + "/config/consumerOffset.json", "{}");
  const Snapshot source = snapshot(root());

  const Outcome outcome = salvage();
  EXPECT_EQ(1, outcome.status);
  EXPECT_THAT(outcome.output, HasSubstr("in 4 places"));
  EXPECT_TRUE(source == snapshot(root()));
  EXPECT_EQ("{}", readFile(dir_ / "out/config/consumerOffset.json"));
  const Outcome verified = verify(dir_ / "out");
  EXPECT_EQ(0, verified.status) << verified.output;

  openSalvaged();
  int64_t lost = 0;
  for (const auto& [before, queue_id] : {std::pair{orders, 1}, std::pair{bills, 3}}) {
    const std::string topic = before.at(0).topic;
    const auto after = messages(topic, queue_id);
    EXPECT_EQ(200, store_->maxOffset(topic, queue_id));
    for (const auto& [offset, message] : before) {
      const auto found = after.find(offset);
      if (found == after.end()) {
        ++lost;
        continue;
      }
      EXPECT_EQ(message.body, found->second.body);
      EXPECT_EQ(message.properties, found->second.properties);
      EXPECT_EQ(message.store_timestamp_ms, found->second.store_timestamp_ms);
      if (message.physical_offset < first_damage) {
        EXPECT_EQ(message.physical_offset, found->second.physical_offset);
      }
    }
    EXPECT_FALSE(after.contains(topic == "Orders" ? 20 : 50));
  }
  EXPECT_GE(lost, 2);
  EXPECT_LE(lost, 16);
  EXPECT_EQ(200, put("Bills", 3, "more").queue_offset);
  EXPECT_EQ(1u, store_->queryByKey("Orders", "uk199", 1, 0, int64_t{1} << 60).records.size());
}

// Where messages are lost, others must still be found by their times: a look-up that takes a hole
// for the end of time leads consumers behind all that is left.
TEST_F(RepairTest, MessagesOfASalvagedQueueAreFoundByTime) {
  open();
  std::vector<PutResult> puts;
  for (int i = 0; i < 100; ++i) {
    puts.push_back(put("A", 0, "m" + std::to_string(i)));
    clock_.advance(std::chrono::milliseconds(10));
  }
  close();
  for (size_t i = 30; i < 80; ++i) {
    flipLog(puts[i].physical_offsets.front() + 4);  // Magic.
  }
  EXPECT_EQ(1, salvage().status);
  openSalvaged();
  const auto find = [&](TimestampMs time, TimeBoundary boundary) {
    return store_->offsetByTime("A", 0, time, boundary).value();
  };
  for (const int64_t i : {0, 10, 29, 80, 99}) {
    const TimestampMs time = puts[static_cast<size_t>(i)].store_timestamp_ms;
    EXPECT_EQ(i, find(time, TimeBoundary::kLower)) << i;
    EXPECT_EQ(i, find(time, TimeBoundary::kUpper)) << i;
  }
  const TimestampMs lost = puts[50].store_timestamp_ms;
  EXPECT_EQ(80, find(lost, TimeBoundary::kLower));
  EXPECT_EQ(29, find(lost, TimeBoundary::kUpper));
}

TEST_F(RepairTest, OffsetsOfMessagesLostAtTheEndAreNotGivenAgain) {
  makeStore();
  // From the last Bills message on nothing is left.
  const int64_t last = physicalOffset("Bills", 3, 39);
  const int64_t base = last / kLogFileBytes * kLogFileBytes;
  patchFile(logFile(base), last - base, std::string(400, '\xEE'));
  const Outcome outcome = salvage();
  EXPECT_EQ(1, outcome.status) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("nothing intact from here on"));
  openSalvaged();
  EXPECT_EQ(39u, messages("Bills", 3).size());
  EXPECT_EQ(40, store_->maxOffset("Bills", 3));
  EXPECT_EQ(1, store_->maxOffset("SCHEDULE_TOPIC_XXXX", 1));
  EXPECT_EQ(40, put("Bills", 3, "more").queue_offset);
  crash();
  EXPECT_EQ(41, store_->maxOffset("Bills", 3));
}

TEST_F(RepairTest, OffsetsThatAStartNotedBeforeItDiedAreNotGivenAgain) {
  makeStore();
  writeFile(root() + "/queueends",
            R"({"logMin":0,"logEnd":-1,"logTailCrc":0,"logTimestamp":4000000000000,)"
            R"("queuesTimestamp":4000000000000,"queues":{},"noted":{"Bills":{"3":[0,45,1]}}})");
  salvage();
  openSalvaged();
  EXPECT_EQ(45, store_->maxOffset("Bills", 3));
}

TEST_F(RepairTest, ASalvageThatIsCutShortLeavesNoStore) {
  makeStore(3);
  writeFile(dir_ / "out.partial/commitlog/half", "written");
  writeFile(dir_ / "out.partial/unfinished-salvage", "");
  const auto stop = [&](const char* phase, int64_t /*done*/, int64_t /*all*/) {
    EXPECT_FALSE(std::filesystem::exists(dir_ / "out")) << phase;
    EXPECT_FALSE(std::filesystem::exists(dir_ / "out.partial/commitlog/half"));
    EXPECT_TRUE(std::filesystem::exists(dir_ / "out.partial/unfinished-salvage"));
  };
  const auto report = inspect::salvage(
      root(), dir_ / "out/", {}, [](const inspect::Finding&) {}, stop);
  EXPECT_TRUE(report.ok());
  EXPECT_FALSE(std::filesystem::exists(dir_ / "out.partial"));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "out/unfinished-salvage"));
  EXPECT_EQ(0, verify(dir_ / "out").status);
}

TEST_F(RepairTest, SalvageRemovesNothingThatNoneHasLeft) {
  makeStore(3);
  writeFile(dir_ / "out.partial/mine", "precious");
  const Outcome refused = run({"salvage", root(), dir_ / "out"});
  EXPECT_EQ(2, refused.status);
  EXPECT_THAT(refused.output, HasSubstr("out.partial, where the new store is made, is not empty"));
  EXPECT_EQ("precious", readFile(dir_ / "out.partial/mine"));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "out"));
  std::filesystem::remove(dir_ / "out.partial/mine");
  EXPECT_EQ(0, run({"salvage", root(), dir_ / "out"}).status);
}

TEST_F(RepairTest, ProgressOfEachPhaseHasANameAndGoesToTheEnd) {
  makeStore();
  const std::string last_file =
      logFile(physicalOffset("Bills", 3, 39) / kLogFileBytes * kLogFileBytes);
  ASSERT_THAT(readFile(last_file), EndsWith(std::string(kLogFileBytes / 8, '\0')));
  std::vector<std::string> phases;
  int64_t done = 0;
  int64_t all = 0;
  const auto expectEnd = [&] { EXPECT_GT(done * 100, all * 80) << phases.back(); };
  const auto note = [&](const char* what, int64_t now_done, int64_t of_all) {
    if (phases.empty() || phases.back() != what) {
      if (!phases.empty()) {
        expectEnd();
      }
      phases.emplace_back(what);
      done = 0;
    }
    EXPECT_GE(now_done, done) << "a phase that begins anew under the name " << what;
    done = now_done;
    all = of_all;
  };
  const auto report = inspect::salvage(
      root(), dir_ / "out", {}, [](const inspect::Finding&) {}, note);
  ASSERT_TRUE(report.ok()) << report.status().message();
  expectEnd();
  EXPECT_THAT(phases, ElementsAre("copying records", "commit log"));
}

TEST_F(RepairTest, SalvageNeedsAnEmptyPlaceOutsideTheSource) {
  makeStore(3);
  writeFile(dir_ / "out/file", "there");
  EXPECT_THAT(salvage().output, HasSubstr("is not empty"));
  const Outcome inside = run({"salvage", root(), root() + "/sub"});
  EXPECT_EQ(2, inside.status);
  EXPECT_THAT(inside.output, HasSubstr("lies in the damaged store"));
}

// The new store is made beside OUT and takes its place: not that of a link, nor of the working
// folder, nor of a mounted disk.
TEST_F(RepairTest, SalvageIsRefusedBeforeItCopiesWhereItCannotEnd) {
  makeStore(3);
  std::filesystem::create_directory(dir_ / "disk");
  std::filesystem::create_symlink(dir_ / "disk", dir_ / "link");
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(dir_ / "disk");
  for (const std::string& out : {dir_ / "link", std::string("."), std::string()}) {
    const Outcome refused = run({"salvage", root(), out});
    EXPECT_EQ(2, refused.status) << out;
    EXPECT_THAT(refused.output, HasSubstr("a folder that is not there yet")) << out;
  }
  std::filesystem::current_path(before);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "link.partial"));
  EXPECT_TRUE(std::filesystem::is_empty(dir_ / "disk"));
  EXPECT_EQ(0, run({"salvage", root(), dir_ / "link/out"}).status);
  EXPECT_EQ(0, verify(dir_ / "disk/out").status);
}

TEST_F(RepairTest, WhateverIsSalvagedFromRandomDamageIsACleanStore) {
  makeStore(60);
  uint64_t state = 7;
  const auto random = [&](int64_t bound) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<int64_t>((state >> 33) % static_cast<uint64_t>(bound));
  };
  const int64_t end = physicalOffset("Bills", 3, 59);
  for (int round = 0; round < 15; ++round) {
    SCOPED_TRACE(round);
    for (int i = 0; i < 3; ++i) {
      // Bodies only: other bytes have no checksum, and their damage can be copied unseen.
      const int64_t record = physicalOffset("Bills", 3, random(60));
      flipLog(record + kBodyAt + random(5), static_cast<char>(1 + random(255)));
      flipLog(std::min(end, record + kBodyAt), '\x01');
    }
    std::filesystem::remove_all(dir_ / "out");
    const Outcome outcome = salvage();
    ASSERT_LE(outcome.status, 1) << outcome.output;
    const Outcome verified = verify(dir_ / "out");
    ASSERT_EQ(0, verified.status) << verified.output;
  }
  openSalvaged();
  EXPECT_EQ(60, store_->maxOffset("Bills", 3));
}

// --- compare ------------------------------------------------------------------------------------

TEST_F(RepairTest, CompareFindsTheFirstDifferentByte) {
  open();
  send("Orders", 0, 300);
  const std::string replica = crashedCopy();
  send("Orders", 0, 100);
  close();
  const Outcome equal = run({"compare", root(), replica});
  EXPECT_EQ(0, equal.status) << equal.output;
  EXPECT_THAT(equal.output, HasSubstr("equal   0 to "));
  flip(replica + "/commitlog/" + segmentFileName(kLogFileBytes), 77 + kBodyAt);
  const Outcome differ = run({"compare", root(), replica});
  EXPECT_EQ(1, differ.status);
  EXPECT_THAT(differ.output,
              HasSubstr(fmt::format("differ  at {} ", kLogFileBytes + 77 + kBodyAt)));
}

TEST_F(RepairTest, CompareOfLogsThatShareNothingSaysSo) {
  makeStore(3);
  std::filesystem::create_directories(dir_ / "other/commitlog");
  const Outcome outcome = run({"compare", root(), dir_ / "other"});
  EXPECT_EQ(1, outcome.status) << "an empty replica is none";
  EXPECT_THAT(outcome.output, HasSubstr("nothing in common: the second log is empty"));
}

}  // namespace
}  // namespace rocketmq::store::test

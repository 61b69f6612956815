// Promise: an offset that was given is never given again, though the log has lost its message and
// whichever call to the disk one start after another dies at, of the process alone or of the
// machine.
//
// Every fifth call that a start makes, and with ROCKETMQ_FAULT_ROUNDS=1 each one, is the last one
// of two starts, whereupon a third comes through. ROCKETMQ_FAULT_SEED=N lets them die at the call
// N.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <ostream>
#include <random>
#include <string>

#include "tests/fault/faulty_files.h"
#include "tests/fault/power_loss_files.h"
#include "tests/fault/rounds.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

/// What the first start finds. The queue "Rare" has lost its last message to damage in a log file
/// that others follow.
struct Found {
  std::string name;
  bool stopped_cleanly = false;
  bool has_known_ends = false;
  int rare_messages = 4;  ///< In front of the lost one; a file of the queue has ten entries.
  bool lacks_first_file = false;
  bool has_wrong_newest_entry = false;
};

std::ostream& operator<<(std::ostream& out, const Found& found) { return out << found.name; }

class DyingStartTest : public StoreTest, public ::testing::WithParamInterface<Found> {
 protected:
  DyingStartTest() {
    options_.consume_queue_file_bytes = kQueueBytes;
    options_.flush_queue_thorough_interval_ms = 60'000;
  }

  static constexpr int64_t kQueueBytes = 10 * 20;

  void prepare();
  void spoilNewestEntry() const;
  /// False when a start makes fewer calls.
  bool dieTwiceAt(int64_t call, FileSystem& below);
  void dieInThePowerCutAt(int64_t call);
  void expectOffsetIsNotGivenAgain();
  /// Copies the store that prepare() has left.
  void beginAnew(int64_t call) {
    options_.root_dir = prepared_ + std::to_string(call);
    copyFolder(prepared_, root());
  }
  template <class Die>
  void dieAtEachCall(Die die);

  std::string prepared_;
  int64_t given_to_ = 0;
};

void DyingStartTest::prepare() {
  open();
  send("Other", 0, 3);
  if (GetParam().has_known_ends) {
    restart();  // The stop has left them.
  }
  send("Rare", 0, GetParam().rare_messages);
  const PutResult last = put("Rare", 0, "lost");
  given_to_ = last.queue_offset + 1;
  while (store_->commitLogMaxOffset() < 3 * kLogFileBytes) {
    send("Other", 0, 10, std::string(500, 'o'));
  }
  const std::string killed = crashedCopy();
  close();
  if (!GetParam().stopped_cleanly) {
    options_.root_dir = killed;
  }
  if (!GetParam().has_known_ends) {
    std::filesystem::remove(root() + "/queueends");
  }
  if (GetParam().lacks_first_file) {
    ASSERT_TRUE(std::filesystem::remove(queueFile("Rare", 0)));
  }
  if (GetParam().has_wrong_newest_entry) {
    spoilNewestEntry();
  }
  patchFile(logFile(0), last.physical_offsets.front() + 4, "ZZ");
  prepared_ = root();
}

/// So that a start after a clean stop looks at everything.
void DyingStartTest::spoilNewestEntry() const {
  int64_t base = 0;
  while (std::filesystem::exists(queueFile("Other", 0, base + kQueueBytes))) {
    base += kQueueBytes;
  }
  while (isZero(readFile(queueFile("Other", 0, base)).substr(0, 20))) {
    base -= kQueueBytes;  // Made ahead.
  }
  const std::string entries = readFile(queueFile("Other", 0, base));
  int64_t entry = 0;
  while (entry + 20 < kQueueBytes && !isZero(entries.substr(static_cast<size_t>(entry) + 20, 20))) {
    entry += 20;
  }
  patchFile(queueFile("Other", 0, base), entry + 4, "\x01");
}

bool DyingStartTest::dieTwiceAt(int64_t call, FileSystem& below) {
  bool has_died = false;
  for (int start = 0; start < 2; ++start) {
    FaultyFileSystem dying(below,
                           {.at_call = call, .lasting = FaultyFileSystem::Lasting::kFromThenOn});
    has_died |= !MessageStore::open(options_, clock_, nullptr, dying).ok();
  }
  return has_died;
}

void DyingStartTest::dieInThePowerCutAt(int64_t call) {
  PowerLossFileSystem disk;
  FaultyFileSystem dying(disk,
                         {.at_call = call, .lasting = FaultyFileSystem::Lasting::kFromThenOn});
  auto opened = MessageStore::open(options_, clock_, nullptr, dying);
  disk.cutPower();
  std::mt19937_64 random(static_cast<uint64_t>(call));
  const std::string remains = root() + "-remains";
  disk.writeRemains(root(), remains, random);
  disk.letSyncsFail();
  if (opened.ok()) {
    opened->reset();  // Its threads make and remove files.
  }
  std::filesystem::remove_all(root());
  options_.root_dir = remains;
}

void DyingStartTest::expectOffsetIsNotGivenAgain() {
  open();
  EXPECT_EQ(given_to_, store_->maxOffset("Rare", 0));
  EXPECT_EQ(given_to_, put("Rare", 0, "next").queue_offset);
  // One is lost, one is new. Places that say nothing right are repaired when they are read.
  EXPECT_TRUE(eventually([&] { return std::ssize(bodies("Rare", 0)) == given_to_; }));
  close();
  std::filesystem::remove_all(root());
}

template <class Die>
void DyingStartTest::dieAtEachCall(Die die) {
  prepare();
  if (const char* const only = std::getenv("ROCKETMQ_FAULT_SEED")) {
    beginAnew(std::atoll(only));
    die(std::atoll(only));
    expectOffsetIsNotGivenAgain();
    return;
  }
  const int64_t step = rocketmq::test::faultRounds(0) > 0 ? 1 : 5;
  bool has_died = true;
  for (int64_t call = 1; has_died && !HasFailure(); call += step) {
    SCOPED_TRACE("ROCKETMQ_FAULT_SEED=" + std::to_string(call));
    beginAnew(call);
    has_died = die(call);
    expectOffsetIsNotGivenAgain();
  }
}

TEST_P(DyingStartTest, OfTheProcessGivesNoOffsetAgain) {
  dieAtEachCall([this](int64_t call) { return dieTwiceAt(call, files_); });
}

TEST_P(DyingStartTest, OfTheMachineGivesNoOffsetAgain) {
  dieAtEachCall([this](int64_t call) {
    dieInThePowerCutAt(call);
    return dieTwiceAt(call, files_);
  });
}

INSTANTIATE_TEST_SUITE_P(Fault, DyingStartTest,
                         ::testing::Values(Found{.name = "Killed"},
                                           Found{.name = "KilledWithKnownEnds",
                                                 .has_known_ends = true},
                                           Found{.name = "KilledWithKnownEndsInAnEarlierFile",
                                                 .has_known_ends = true,
                                                 .rare_messages = 10},
                                           Found{.name = "StoppedCleanlyWithAWrongEntry",
                                                 .stopped_cleanly = true,
                                                 .has_wrong_newest_entry = true},
                                           Found{.name = "StoppedCleanlyWithoutAFirstFile",
                                                 .stopped_cleanly = true,
                                                 .rare_messages = 14,
                                                 .lacks_first_file = true}),
                         [](const auto& found) { return found.param.name; });

}  // namespace
}  // namespace rocketmq::store::test

// Promise: under sync flush everything that a sender was told is on the disk, and everything that a
// reader could see, is readable at its offset after the power failed; offsets are dense, and half a
// message is never delivered. The file system decides sector by sector what of the rest survives.
//
// ROCKETMQ_FAULT_SEED=N runs that seed alone, ROCKETMQ_FAULT_ROUNDS=N runs N seeds.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/fault/power_loss_files.h"
#include "tests/fault/rounds.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using rocketmq::test::faultRounds;

constexpr int kQueues = 3;
constexpr int kSenders = 2;
constexpr int kLives = 3;

class PowerLossTest : public StoreTest {
 protected:
  struct Content {
    std::string body;
    std::string properties;
    auto operator<=>(const Content&) const = default;
  };
  using Queue = std::map<int64_t, Content>;  // By offset.

  PowerLossTest() {
    options_.flush_mode = FlushMode::kSync;
    options_.commit_log_file_bytes = 64 * 1024;
    options_.consume_queue_file_bytes = 500 * 20;
    options_.flush_queue_thorough_interval_ms = 5;
  }

  static Content someContent(const std::string& name, std::mt19937_64& random) {
    const auto letter = static_cast<char>('a' + random() % 26);
    const size_t body = random() % 4 == 0 ? random() % 9000 : random() % 300;
    const std::string note(random() % 4 == 0 ? random() % 3000 : random() % 30 + 1, letter);
    return {.body = name + ":" + std::string(body, letter),
            .properties = properties({{"KEYS", name}, {"note", note + letter}})};
  }

  void live(uint64_t seed, int life);
  void sendUntilDark(MessageStore& store, const std::string& name, uint64_t seed);
  void expectPromisesKept(MessageStore& store);
  Queue readQueue(MessageStore& store, int32_t queue_id);

  PowerLossFileSystem* disk_ = nullptr;
  std::atomic<int> until_dark_{0};
  std::mutex mutex_;
  std::set<Content> sent_;
  std::map<int32_t, Queue> promised_;
};

/// Opens the store as the life before left it, checks it, sends, and takes the power away.
void PowerLossTest::live(uint64_t seed, int life) {
  std::mt19937_64 random(seed * kLives + static_cast<uint64_t>(life));
  PowerLossFileSystem disk;
  disk_ = &disk;
  auto opened = MessageStore::open(options_, clock_, nullptr, disk);
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  MessageStore& store = **opened;
  expectPromisesKept(store);
  ASSERT_FALSE(HasFailure());

  until_dark_ = static_cast<int>(random() % 40) + 1;
  std::vector<std::thread> senders;
  for (int sender = 0; sender < kSenders; ++sender) {
    const std::string name = std::to_string(life) + "-" + std::to_string(sender);
    senders.emplace_back(
        [this, &store, name, sender_seed = random()] { sendUntilDark(store, name, sender_seed); });
  }
  for (std::thread& sender : senders) {
    sender.join();
  }
  const std::string remains = dir_ / (std::to_string(seed) + "-" + std::to_string(life + 1));
  disk.writeRemains(options_.root_dir, remains, random);
  disk.letSyncsFail();
  for (int32_t queue_id = 0; queue_id < kQueues; ++queue_id) {
    Queue found = readQueue(store, queue_id);
    std::lock_guard lock(mutex_);  // Answers to what was flushed may still come.
    promised_[queue_id].merge(found);
  }
  EXPECT_FALSE(store.close().isOk());
  opened->reset();
  std::filesystem::remove_all(options_.root_dir);
  options_.root_dir = remains;
}

/// Some sends are waited for, some not. The answer that is the last to come cuts the power, on the
/// thread that flushes; some more sends follow that no sync will cover.
void PowerLossTest::sendUntilDark(MessageStore& store, const std::string& name, uint64_t seed) {
  std::mt19937_64 random(seed);
  int64_t in_the_dark = static_cast<int64_t>(random() % 20);
  for (int number = 0; !disk_->powerIsCut() || --in_the_dark >= 0; ++number) {
    const auto queue_id = static_cast<int32_t>(random() % kQueues);
    const Content content = someContent(name + "-" + std::to_string(number), random);
    {
      std::lock_guard lock(mutex_);
      sent_.insert(content);
    }
    const PutResult put = store.put(message("A", queue_id, content.body, content.properties));
    if (!put.ok()) {
      ASSERT_TRUE(disk_->powerIsCut()) << put.detail;
      return;
    }
    clock_.advance(std::chrono::milliseconds(random() % 500));
    const auto answered = std::make_shared<std::atomic<bool>>(false);
    store.whenFlushed(
        put.end_offset, clock_.monotonic() + std::chrono::hours(1),
        [this, answered, queue_id, content, offset = put.queue_offset](const Status& flushed) {
          if (flushed.isOk()) {
            std::lock_guard lock(mutex_);
            promised_[queue_id].emplace(offset, content);
            if (--until_dark_ == 0) {
              disk_->cutPower();
            }
          }
          *answered = true;
        });
    if (random() % 4 == 0) {
      ASSERT_TRUE(eventually([&] { return answered->load() || disk_->powerIsCut(); }));
    }
  }
}

void PowerLossTest::expectPromisesKept(MessageStore& store) {
  for (int32_t queue_id = 0; queue_id < kQueues; ++queue_id) {
    SCOPED_TRACE("queue " + std::to_string(queue_id));
    Queue found = readQueue(store, queue_id);
    for (const auto& [offset, content] : promised_[queue_id]) {
      ASSERT_TRUE(found.contains(offset)) << "lost: offset " << offset;
      ASSERT_EQ(content.body, found[offset].body);
      ASSERT_EQ(content.properties, found[offset].properties);
    }
    for (const auto& [offset, content] : found) {
      ASSERT_TRUE(sent_.contains(content))
          << "nobody has sent what is at offset " << offset << ": " << content.body.substr(0, 20);
    }
    promised_[queue_id] = std::move(found);
  }
}

PowerLossTest::Queue PowerLossTest::readQueue(MessageStore& store, int32_t queue_id) {
  Queue queue;
  int64_t next = 0;
  for (const StoredMessage& stored : readAll(store, "A", queue_id)) {
    EXPECT_LE(next, stored.queue_offset);
    // What the cut took from the end of one log file and not from the beginning of the next leaves
    // a gap, if it came before the first flush round: without known ends that is damage.
    if (store.commitLogMaxOffset() <= options_.commit_log_file_bytes) {
      EXPECT_EQ(next, stored.queue_offset);
    }
    next = stored.queue_offset + 1;
    queue[stored.queue_offset] = {stored.body, stored.properties};
  }
  EXPECT_EQ(store.maxOffset("A", queue_id), next);
  return queue;
}

TEST_F(PowerLossTest, SyncFlushKeepsWhatItPromised) {
  const char* replay = std::getenv("ROCKETMQ_FAULT_SEED");
  const uint64_t first = replay == nullptr ? 1 : std::stoull(replay);
  const uint64_t last = replay == nullptr ? static_cast<uint64_t>(faultRounds(100)) : first;
  for (uint64_t seed = first; seed <= last; ++seed) {
    SCOPED_TRACE("ROCKETMQ_FAULT_SEED=" + std::to_string(seed));
    options_.root_dir = dir_ / (std::to_string(seed) + "-0");
    sent_.clear();
    promised_.clear();
    for (int life = 0; life <= kLives; ++life) {
      SCOPED_TRACE("life " + std::to_string(life));
      live(seed, life);
      ASSERT_FALSE(HasFailure());
    }
    std::filesystem::remove_all(options_.root_dir);
  }
}

// A later message's page that power loss takes away would show what was there before.
TEST_F(PowerLossTest, RecoveryRemovesStaleBytesFromTheDiskToo) {
  open();
  const int64_t end = put("A", 0, "kept").end_offset;
  options_.root_dir = crashedCopy();
  store_.reset();
  patchFile(logFile(0), end + 100, std::string(9000, 's'));
  PowerLossFileSystem disk;
  const auto opened = MessageStore::open(options_, clock_, nullptr, disk);
  ASSERT_TRUE(opened.ok()) << opened.status().message();
  ASSERT_EQ(end, (*opened)->commitLogMaxOffset());
  const std::string log = disk.synced(logFile(0));
  ASSERT_EQ(options_.commit_log_file_bytes, std::ssize(log));
  EXPECT_TRUE(isZero(std::string_view(log).substr(static_cast<size_t>(end))));
}

// What a power cut leaves of a recovery that has removed files can be recovered again.
TEST_F(PowerLossTest, FilesThatRecoveryRemovedMayComeBack) {
  options_.flush_mode = FlushMode::kAsync;
  options_.flush_queue_thorough_interval_ms = 1'000'000;
  open();
  send("A", 0, 30, std::string(8000, 'x'));
  ASSERT_TRUE(std::filesystem::exists(logFile(3 * options_.commit_log_file_bytes)));
  const std::string whole = crashedCopy();
  store_.reset();
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    options_.root_dir = dir_ / ("torn" + std::to_string(seed));
    copyFolder(whole, root());
    // No known ends, and no file that begins with a whole record: else damage is stepped over.
    std::filesystem::remove(root() + "/queueends");
    for (int64_t base = 0; std::filesystem::exists(logFile(base));
         base += options_.commit_log_file_bytes) {
      patchFile(logFile(base), 4, "torn");
    }
    const std::string remains = dir_ / ("remains" + std::to_string(seed));
    {
      PowerLossFileSystem disk;
      const auto opened = MessageStore::open(options_, clock_, nullptr, disk);
      ASSERT_TRUE(opened.ok()) << opened.status().message();
      disk.writeRemains(root(), remains, random);
    }
    options_.root_dir = remains;
    open();
    EXPECT_EQ(0, store_->commitLogMaxOffset());
    store_.reset();
  }
}

}  // namespace
}  // namespace rocketmq::store::test

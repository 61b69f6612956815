// What starting a store with a long log costs: after a kill, after a clean stop, from a cold cache,
// and when queues and index have to be made again.
//
//   recovery_times [--gib=10]
//
// Each step runs in a process of its own, so that one can be killed. Needs 1.1 times the log's size
// on the disk of TMPDIR.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/check.h"
#include "common/clock.h"
#include "common/message/record.h"
#include "store/message_store.h"
#include "tests/bench/steps.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::bench {
namespace {

namespace fs = std::filesystem;

constexpr int kTopics = 8;
constexpr int kQueuesPerTopic = 4;
constexpr int kBatch = 32;
constexpr size_t kBodyBytes = 1024;
constexpr int64_t kMessagesBeforeKill = 10'000;

double gib = 10;

/// Batches of messages with a key each, to all queues in turn.
void put(store::MessageStore& store, int64_t count) {
  static const std::string body(kBodyBytes, 'b');
  std::array<std::string, kBatch> keys;
  std::vector<MessageRecord> batch(kBatch);
  for (int64_t done = 0; done < count; done += kBatch) {
    const int64_t queue = done / kBatch % (kTopics * kQueuesPerTopic);
    const std::string topic = "Topic" + std::to_string(queue / kQueuesPerTopic);
    for (int i = 0; i < kBatch; ++i) {
      keys[static_cast<size_t>(i)] = "KEYS\1" + std::to_string(done + i) + "\2";
      MessageRecord& message = batch[static_cast<size_t>(i)];
      message.topic = topic;
      message.queue_id = static_cast<int32_t>(queue % kQueuesPerTopic);
      message.body = body;
      message.properties = keys[static_cast<size_t>(i)];
    }
    const store::PutResult result = store.putBatch(batch);
    if (!result.ok()) {
      std::fprintf(stderr, "put: %s\n", result.detail.c_str());
      std::exit(1);
    }
  }
}

std::vector<fs::path> filesBelow(const std::string& root) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file()) {
      found.push_back(entry.path());
    }
  }
  return found;
}

/// Takes the files out of the system's cache.
void chill(const std::string& root) {
  for (const fs::path& path : filesBelow(root)) {
    const int file = ::open(path.c_str(), O_RDONLY);
    ROCKETMQ_CHECK(file >= 0 && ::fdatasync(file) == 0);
    ROCKETMQ_CHECK(::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0);
    ::close(file);
  }
}

void readAll(const std::string& root) {
  std::vector<char> buffer(4 << 20);
  for (const fs::path& path : filesBelow(root)) {
    const int file = ::open(path.c_str(), O_RDONLY);
    ROCKETMQ_CHECK(file >= 0);
    while (::read(file, buffer.data(), buffer.size()) > 0) {
    }
    ::close(file);
  }
}

double mib(int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

/// Waits until the disk has it all. What a kill leaves for the next start is then only the log
/// behind the last checkpoint.
void settle(const store::MessageStore& store) {
  ROCKETMQ_CHECK(
      test::eventually([&] { return store.flushedOffset() >= store.commitLogMaxOffset(); },
                       std::chrono::minutes(1)));
}

/// Times a start; the store then takes some more messages and is killed or stopped.
void restart(const std::string& root, const std::string& name, StepEnd end) {
  const auto step = [&] {
    std::unique_ptr<store::MessageStore> store;
    timed("start " + name, [&] { store = openStore(root); });
    put(*store, kMessagesBeforeKill);
    settle(*store);
    if (end == StepEnd::kKilled) {
      (void)store.release();
    } else {
      timed("  then a clean stop", [&] { store.reset(); });
    }
  };
  inProcess(step, end);
}

void removeDerived(const std::string& root) {
  for (const char* name : {"consumequeue", "index", "checkpoint", "queueends"}) {
    fs::remove_all(fs::path(root) / name);
  }
}

void run(const std::string& root) {
  const auto messages = static_cast<int64_t>(gib * (1 << 20));
  std::printf("%.2f GiB: %lld messages of 1 KiB with a key each, %d queues\n", gib,
              static_cast<long long>(messages), kTopics * kQueuesPerTopic);
  const auto fill = [&] {
    auto store = openStore(root);
    timed("batches of 32 appended", [&] { put(*store, messages); });
    std::printf("  of it not on the disk yet %39.0f MiB\n",
                mib(store->commitLogMaxOffset() - store->flushedOffset()));
    (void)store.release();
  };
  inProcess(fill, StepEnd::kKilled);
  restart(root, "after a kill at full speed", StepEnd::kKilled);
  restart(root, "after a kill", StepEnd::kKilled);
  chill(root);
  restart(root, "after a kill, nothing cached", StepEnd::kReturns);
  restart(root, "after a clean stop", StepEnd::kReturns);
  chill(root);
  restart(root, "after a clean stop, nothing cached", StepEnd::kReturns);
  fs::remove(root + "/queueends");
  chill(root);
  restart(root, "after a Java broker, nothing cached", StepEnd::kReturns);
  fs::remove(root + "/queueends");
  fs::remove_all(root + "/consumequeue/Topic0/0");
  chill(root);
  restart(root, "after a Java broker, a queue gone, nothing cached", StepEnd::kReturns);
  chill(root);
  timed("the log read by 4 MiB, nothing cached", [&] { readAll(root + "/commitlog"); });
  chill(root);
  removeDerived(root);
  restart(root, "with queues and index gone, nothing cached", StepEnd::kReturns);
  removeDerived(root);
  restart(root, "with queues and index gone, log cached", StepEnd::kReturns);
}

}  // namespace
}  // namespace rocketmq::bench

int main(int argc, char** argv) {
  rocketmq::bench::readOptions(argc, argv, {{"--gib", &rocketmq::bench::gib}},
                               "recovery_times [--gib=10]");
  const rocketmq::test::TempDir dir;
  rocketmq::bench::run(dir / "store");
  return 0;
}

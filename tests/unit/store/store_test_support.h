#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/mutex.h"
#include "store/message_store.h"
#include "store/store_options.h"
#include "tests/support/cpu_time.h"
#include "tests/support/eventually.h"
#include "tests/support/forwarding_file_system.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::store::test {

/// The operating system's files with faults on demand. Syncs reach no disk: nobody here takes the
/// power away, and hundreds of stores are opened.
class HookedFileSystem final : public rocketmq::test::ForwardingFileSystem {
 public:
  /// The faults apply to files whose path contains it.
  void setFaultPath(std::string part) {
    MutexLock lock(mutex_);
    fault_path_ = std::move(part);
  }
  std::atomic<bool> fail_sync{false};
  std::atomic<int> syncs_of_all{0};        ///< Counts calls of syncAll().
  std::atomic<int> puts{0};                ///< Counts calls of MappedFile::put().
  std::atomic<int64_t> prefaulted_to{0};   ///< The farthest that any file was prefaulted.
  std::atomic<int> ends_of_read_ahead{0};  ///< Counts calls of MappedFile::endReadAhead().
  std::atomic<int> mapped{0};              ///< Files that are mapped now.
  std::atomic<int> mapped_most{0};         ///< The most that were at one time.
  std::atomic<bool> fail_map{false};       ///< Files that exist cannot be mapped.
  std::atomic<bool> fail_remove{false};
  std::atomic<bool> disk_is_full{false};  ///< No file grows, no new one is made.
  std::atomic<int> refused_replaces{0};   ///< Counts calls of replace() on a full disk.
  std::atomic<bool> is_cold{false};       ///< Nothing is in the system's cache.
  std::atomic<double> used_ratio{0.1};
  std::atomic<int64_t> disk_bytes{1'000'000'000'000};
  std::atomic<int> looks_at_space{0};  ///< Counts calls of space().

  /// While held, syncs of matching files wait.
  void holdSync();
  void letSync();

  bool matches(const std::string& path) const {
    MutexLock lock(mutex_);
    return path.find(fault_path_) != std::string::npos;
  }
  void waitWhileHeld();

  Result<std::unique_ptr<RandomFile>> open(const std::string& path) override;
  Result<std::unique_ptr<MappedFile>> map(const std::string& path,
                                          const MapOptions& options) override;
  Status replace(const std::string& path, std::string_view content) override;
  Status remove(const std::string& path) override;
  Status syncDirectory(const std::string&) override { return Status::ok(); }
  Status syncAll(const std::string& path) override;
  Result<SpaceInfo> space(const std::string& path) override;

 private:
  mutable Mutex mutex_;
  CondVar released_;
  std::string fault_path_ ROCKETMQ_GUARDED_BY(mutex_);
  bool held_ = false;
};

/// A message as a reader got it.
struct StoredMessage {
  int64_t queue_offset = 0;
  int64_t physical_offset = 0;
  int64_t store_timestamp_ms = 0;
  std::string topic;
  std::string body;
  std::string properties;
};

using rocketmq::test::eventually;

std::string readFile(const std::string& path);
bool isZero(std::string_view bytes);
void writeFile(const std::string& path, std::string_view content);
/// Overwrites part of a file.
void patchFile(const std::string& path, int64_t offset, std::string_view content);
/// Copies a folder as it is while somebody may be writing to it.
void copyFolder(const std::string& from, const std::string& to);

/// Every message from `offset` on, read with as many gets as it takes.
std::vector<StoredMessage> readAll(MessageStore& store, std::string_view topic, int32_t queue_id,
                                   int64_t offset = 0);
std::vector<std::string> bodiesOf(const std::vector<StoredMessage>& messages);

/// A property string of TAGS, KEYS, ...
std::string properties(
    std::initializer_list<std::pair<std::string_view, std::string_view>> entries);

/// A store in a temporary folder with files so small that they roll.
class StoreTest : public ::testing::Test {
 protected:
  static constexpr int64_t kLogFileBytes = 16 * 1024;
  static constexpr int64_t kQueueFileBytes = 50 * 20;

  StoreTest() {
    options_.root_dir = dir_ / "store";
    options_.commit_log_file_bytes = kLogFileBytes;
    options_.consume_queue_file_bytes = kQueueFileBytes;
    options_.index_hash_slots = 64;
    options_.index_entries_max = 256;
    options_.flush_interval_ms = 5;
    options_.flush_thorough_interval_ms = 10;
    options_.flush_queue_interval_ms = 5;
  }

  Status tryOpen();
  void open() { ASSERT_EQ("", tryOpen().message()); }
  void close();
  void restart() {
    close();
    open();
  }
  /// Opens a copy of the files as a process that dies now would leave them.
  void crash();
  /// The folder as a process that dies now would leave it, not opened.
  std::string crashedCopy();

  MessageRecord message(std::string_view topic, int32_t queue_id, std::string_view body,
                        std::string_view property_text = {}) const;
  PutResult put(std::string_view topic, int32_t queue_id, std::string_view body,
                std::string_view property_text = {}) {
    return store_->put(message(topic, queue_id, body, property_text));
  }
  /// Puts `count` messages "PREFIX0", "PREFIX1", ... and expects each to be taken.
  void send(std::string_view topic, int32_t queue_id, int count, const std::string& prefix = "m");
  GetResult get(std::string_view topic, int32_t queue_id, int64_t offset, int32_t count = 32);
  std::vector<std::string> bodies(std::string_view topic, int32_t queue_id, int64_t offset = 0) {
    return bodiesOf(readAll(*store_, topic, queue_id, offset));
  }
  bool flushEverything();
  /// True once the index thread has looked at the log and sleeps until somebody wakes it: longer
  /// than it gathers records for (5 ms).
  static bool indexSleeps() {
    return rocketmq::test::restsFor("StoreIndex", std::chrono::milliseconds(15));
  }

  std::string root() const { return options_.root_dir; }
  std::string logFile(int64_t base) const;
  std::string queueFile(std::string_view topic, int32_t queue_id, int64_t base = 0) const;

  rocketmq::test::TempDir dir_;
  ManualClock clock_;
  HookedFileSystem files_;
  StoreOptions options_;
  ArrivalListener listener_;
  std::unique_ptr<MessageStore> store_;

 private:
  int crashes_ = 0;
};

}  // namespace rocketmq::store::test

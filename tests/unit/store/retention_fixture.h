#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <iterator>
#include <string>

#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {

/// A store whose files are past their reserved time when a test says so, and whose retention looks
/// at them all the time and removes without pauses.
class StoreRetentionTest : public StoreTest {
 protected:
  static constexpr int kLooksAtSpacePerPass = 4;

  StoreRetentionTest() {
    options_.live.file_reserved_hours = 72;
    options_.live.delete_when = "99";  // No hour of any day.
    options_.clean_resource_interval_ms = 5;
    options_.live.delete_log_files_pause_ms = 0;
    options_.live.delete_queue_files_pause_ms = 0;
  }

  /// Four full log files and a fifth.
  void fill() {
    open();
    fillOpened();
  }
  void fillOpened() {
    send("Early", 0, 3, "e");
    for (int i = 0; store_->commitLogMaxOffset() < 4 * kLogFileBytes; ++i) {
      const PutResult put_one =
          put("A", 0, "m" + std::to_string(i), properties({{"KEYS", "k" + std::to_string(i)}}));
      ASSERT_TRUE(put_one.ok());
      last_of_fill_ = put_one.physical_offsets.back();
    }
    ASSERT_TRUE(flushEverything());
    for (int64_t base = 0; base <= 4 * kLogFileBytes; base += kLogFileBytes) {
      touch(logFile(base), clock_.nowMs());
    }
  }
  static void touch(const std::string& path, TimestampMs time) {
    struct timespec times[2];
    times[0].tv_sec = times[1].tv_sec = time / 1000;
    times[0].tv_nsec = times[1].tv_nsec = time % 1000 * 1'000'000;
    ASSERT_EQ(0, ::utimensat(AT_FDCWD, path.c_str(), times, 0)) << path;
  }
  void makeOld(int files) {
    for (int i = 0; i < files; ++i) {
      touch(logFile(i * kLogFileBytes), clock_.nowMs() - int64_t{73} * 3'600'000);
    }
  }
  /// Returns when at least one whole pass of cleaning has gone by.
  void awaitPass() {
    const int before = files_.looks_at_space;
    ASSERT_TRUE(
        eventually([&] { return files_.looks_at_space >= before + 4 * kLooksAtSpacePerPass; }));
  }
  void fillUpTo(int64_t log_end) {
    for (int i = 0; store_->commitLogMaxOffset() < log_end; ++i) {
      ASSERT_TRUE(put("A", 0, "m" + std::to_string(i)).ok());
    }
    ASSERT_TRUE(flushEverything());
  }
  /// Waits until the keys of all messages of fill() are in the index.
  bool filledIsIndexed() {
    return eventually([&] {
      return store_->queryByKey("A", "", 1, 0, 1).index_physical_offset == last_of_fill_;
    });
  }
  int indexFiles() const {
    std::error_code no_folder_yet;
    const std::filesystem::directory_iterator files(root() + "/index", no_folder_yet);
    return static_cast<int>(std::distance(begin(files), end(files)));
  }
  bool logBeginsAt(int64_t offset) {
    return eventually([&] { return store_->commitLogMinOffset() == offset; });
  }

 private:
  int64_t last_of_fill_ = 0;
};

}  // namespace rocketmq::store::test

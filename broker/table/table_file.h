#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/atomic_file.h"
#include "common/file_system.h"
#include "common/log_limiter.h"
#include "common/mutex.h"
#include "common/status.h"
#include "common/thread.h"

namespace rocketmq::broker {

/// The file of one of the broker's tables below config/, kept up to date by a thread of its own.
///
/// The file has RocketMQ's form, in which a change means to write all of it. While that is cheap
/// (up to kSmallBytes) each write does so. A larger table is written at most once a second and for
/// at most a twentieth of the time; changes go meanwhile to the end of `path`.changes, one line
/// each, so that one costs the same however large the table is. The changes file is there only
/// while the table's file lacks something: it is gone after a stop, and read after a kill.
///
/// Group commit: one write at a time, and the next covers all changes since that one began.
/// Durability: what whenSaved() and awaitSaved() have waited for is on the disk. When it could not
/// be written that has been logged, as in RocketMQ, and the whole table is written with the next
/// change, or after ten seconds.
/// Threads: any; callbacks of whenSaved() run on the file's thread, or on the caller's when there
/// is nothing to wait for.
/// Life: constructor -> destructor, which writes what is left.
/// Bound: no more changes wait than may be made without awaitSaved(); the table's owner bounds
/// those.
class TableFile {
 public:
  /// Tables up to this size are written whole with each change.
  static constexpr size_t kSmallBytes = 64 << 10;

  struct Options {
    std::string path;
    std::string what;  ///< "topics", for the log.
    /// The whole table in the file's form. Called on the file's thread, under no lock of its own.
    std::function<std::string()> encode;
    /// Neither file becomes longer: the next start would not read it.
    size_t bytes_max = kSmallFileBytesMax;
  };

  /// `files` is borrowed.
  TableFile(FileSystem& files, Options options);
  ~TableFile();
  TableFile(const TableFile&) = delete;
  TableFile& operator=(const TableFile&) = delete;

  /// Calls `apply` with each line that a kill has left in the changes file of `path`, up to the
  /// first that is cut off or that `apply` refuses, and returns how many it took.
  static Result<size_t> readChanges(FileSystem& files, const std::string& path,
                                    const std::function<Status(std::string_view line)>& apply);

  /// Makes `text`, the table with those changes, the content of `path`, and ends the changes file.
  static Status mergeChanges(FileSystem& files, const std::string& path, std::string_view text);

  /// One change, which encode() has from now on too. Does not wait.
  void add(std::string change);
  /// The table is another one: it is written whole, and what the changes file holds is void.
  void addAll();

  /// Calls `done` when everything added so far has been written.
  void whenSaved(std::function<void()> done);
  /// Waits for it.
  void awaitSaved();

 private:
  using Clock = std::chrono::steady_clock;

  /// What the next write is for.
  struct Batch {
    std::string changes;  ///< Lines.
    bool is_whole = false;
    bool voids_changes = false;
    std::vector<std::function<void()>> waiting;

    bool empty() const { return changes.empty() && !is_whole && waiting.empty(); }
  };

  void run();
  /// Returns when there is something to do, even if that is to end. False: end.
  bool awaitWork(Batch& batch);
  void write(Batch& batch);
  /// In the changes file.
  bool hasRoomFor(std::string_view lines) const;
  Status append(std::string_view lines);
  Status writeWhole(bool voids_changes);
  bool lacksSomething() const { return changes_ != nullptr || needs_whole_; }

  FileSystem& files_;
  const Options options_;
  const std::string changes_path_;

  // Of the file's thread.
  size_t table_bytes_ = 0;               ///< Of the last whole write.
  bool needs_whole_ = false;             ///< A write has failed.
  std::unique_ptr<RandomFile> changes_;  ///< Null: not there.
  int64_t changes_bytes_ = 0;
  Clock::time_point whole_due_;  ///< While the table's file lacks something.
  Clock::duration whole_pause_{};
  LogLimiter failure_log_{1};
  bool has_ended_ = false;  ///< The last write, of a stop, has been tried.

  Mutex mutex_;
  CondVar changed_;
  Batch next_ ROCKETMQ_GUARDED_BY(mutex_);
  bool is_writing_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool stopping_ ROCKETMQ_GUARDED_BY(mutex_) = false;

  NamedThread thread_;  // Last: it uses the others.
};

}  // namespace rocketmq::broker

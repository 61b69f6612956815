#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "common/file_system.h"
#include "common/mutex.h"
#include "common/status.h"

namespace rocketmq::store {

/// Remembers which records of the log belong to topics that were deleted: the log keeps them until
/// retention takes them, and a consume queue that is rebuilt from it must not bring them back, nor
/// mix them with those of a topic that was made anew under the same name.
///
/// The file `deletedtopics` beside the log is ours; RocketMQ ignores it.
/// Threads: any. Durability: what add() has accepted survives power loss.
class DeletedTopics {
 public:
  /// Reads the file, without what lies before `log_min`. One that cannot be understood counts as
  /// empty, with a warning.
  static Result<std::unique_ptr<DeletedTopics>> load(FileSystem& files, std::string path,
                                                     int64_t log_min);

  /// The records of `topic` below the log offset `end` are deleted from now on.
  Status add(const std::string& topic, int64_t end, int64_t log_min);

  /// The log ends at `log_end` after all: what comes next was never deleted.
  Status cutTo(int64_t log_end);

  bool covers(std::string_view topic, int64_t physical_offset) const {
    return any_.load(std::memory_order_acquire) && physical_offset < endOf(topic);
  }

  /// Topic -> log offset where the deleted part ends.
  using Ends = std::map<std::string, int64_t, std::less<>>;
  Ends ends() const;

 private:
  DeletedTopics(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  int64_t endOf(std::string_view topic) const;
  Status save() ROCKETMQ_REQUIRES(mutex_);

  FileSystem& files_;
  const std::string path_;
  mutable Mutex mutex_;
  Ends ends_ ROCKETMQ_GUARDED_BY(mutex_);
  std::atomic<bool> any_{false};  // Spares the usual case the lock.
};

}  // namespace rocketmq::store

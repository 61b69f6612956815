#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/file_system.h"
#include "common/mutex.h"
#include "common/status.h"
#include "store/queue/consume_queue.h"

namespace rocketmq::store {

/// Remembers which records of the log belong to topics that were deleted: the log keeps them until
/// retention takes them, and a consume queue that is rebuilt from it must not bring them back, nor
/// mix them with those of a topic that was made anew under the same name. A slave, which learns of
/// a deletion from the log, queue by queue, remembers single queues.
///
/// The file `deletedtopics` beside the log is ours; RocketMQ ignores it. A damaged one would delete
/// what nobody has: a CRC covers it, and `deletedtopics.bak` holds the same.
/// Threads: any. Durability: what add() has accepted survives power loss.
class DeletedTopics {
 public:
  /// Where the log begins, and behind what its files may hold.
  struct LogRange {
    int64_t min = 0;
    int64_t max = 0;
  };
  /// Reads the file, or its .bak when it is damaged or gone, without what lies before the log. When
  /// both are, they count as empty. Warnings tell of it.
  static Result<std::unique_ptr<DeletedTopics>> load(FileSystem& files, std::string path,
                                                     const LogRange& log);

  /// The records of `topic` below the log offset `end` are deleted from now on.
  Status add(const std::string& topic, int64_t end, int64_t log_min) {
    return add({&topic, 1}, end, log_min);
  }
  Status add(std::span<const std::string> topics, int64_t end, int64_t log_min);
  /// The same for some queues.
  Status addQueues(std::span<const std::shared_ptr<ConsumeQueue>> queues, int64_t end,
                   int64_t log_min);

  /// The log ends at `log_end` after all: what comes next was never deleted.
  Status cutTo(int64_t log_end);

  /// Log offsets where deleted parts end.
  struct Ends {
    std::map<std::string, int64_t, std::less<>> topics;
    std::map<std::string, std::map<int32_t, int64_t>, std::less<>> queues;

    bool empty() const { return topics.empty() && queues.empty(); }
    bool covers(std::string_view topic, int32_t queue_id, int64_t physical_offset) const;
  };

  bool covers(std::string_view topic, int32_t queue_id, int64_t physical_offset) const;
  Ends ends() const;

 private:
  DeletedTopics(FileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  enum class Found : uint8_t { kNothing, kDamage, kDeletions };
  Result<Found> read(const std::string& path, const LogRange& log);
  void dropBefore(int64_t log_min) ROCKETMQ_REQUIRES(mutex_);
  template <class Predicate>
  void dropIf(Predicate unwanted) ROCKETMQ_REQUIRES(mutex_);
  Status save() ROCKETMQ_REQUIRES(mutex_);

  FileSystem& files_;
  const std::string path_;
  mutable Mutex mutex_;
  Ends ends_ ROCKETMQ_GUARDED_BY(mutex_);
  std::atomic<bool> any_{false};  // Spares the usual case the lock.
};

}  // namespace rocketmq::store

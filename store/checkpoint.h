#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/mutex.h"
#include "common/status.h"

namespace rocketmq::store {

/// How far the parts of the store are certainly on the disk, as store times of messages
/// (RocketMQ: StoreCheckpoint). Recovery after a crash begins there. Zero means unknown.
struct CheckpointTimes {
  TimestampMs log_ms = 0;     ///< physicMsgTimestamp: newest record flushed.
  TimestampMs queues_ms = 0;  ///< logicsMsgTimestamp: newest record whose queue entry is flushed.
  TimestampMs index_ms = 0;   ///< indexMsgTimestamp: end of the last full, flushed index file.

  bool operator==(const CheckpointTimes&) const = default;
};

/// The file `checkpoint`: 4096 bytes, the three times at its front. What RocketMQ 5 keeps behind
/// them is carried along unchanged. Threads: any.
class Checkpoint {
 public:
  /// Reads the file, or begins with zeros when it is missing, has another length or holds a time
  /// more than a day after `now_ms`, which is legal and only makes a recovery after a crash read
  /// more.
  static Result<std::unique_ptr<Checkpoint>> load(FileSystem& files, const std::string& path,
                                                  TimestampMs now_ms);

  CheckpointTimes times() const;

  /// Writes the file and returns once it is on the disk. Times never go back.
  Status advance(const CheckpointTimes& times);

 private:
  Checkpoint(std::unique_ptr<RandomFile> file, std::string content);

  const std::unique_ptr<RandomFile> file_;
  mutable Mutex mutex_;
  std::string content_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::store

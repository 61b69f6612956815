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

/// True when a time is more than a day after `now_ms`: the file is spoilt, or the clock is wrong.
bool isAhead(const CheckpointTimes& times, TimestampMs now_ms);

/// The file `checkpoint`: 4096 bytes, the three times at its front. What RocketMQ 5 keeps behind
/// them is carried along unchanged. Threads: any.
class Checkpoint {
 public:
  /// Reads the file, or begins with zeros when it is missing or has another length, which is legal
  /// and only makes a recovery after a crash read more. So it does, until believe(), when
  /// isAhead(). It stays as it is until the next advance().
  static Result<std::unique_ptr<Checkpoint>> load(FileSystem& files, const std::string& path,
                                                  TimestampMs now_ms);

  CheckpointTimes times() const;

  /// What the file said when it was loaded, ahead of the clock or not.
  const CheckpointTimes& found() const { return found_; }
  /// Something else has borne out what the file said. Before advance() only.
  void believe();

  /// Writes the file and returns once it is on the disk. Times never go back.
  Status advance(const CheckpointTimes& times);

 private:
  Checkpoint(std::unique_ptr<RandomFile> file, std::string content, const CheckpointTimes& found);

  const std::unique_ptr<RandomFile> file_;
  const CheckpointTimes found_;
  mutable Mutex mutex_;
  std::string content_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::store

#include "store/checkpoint.h"

#include <algorithm>
#include <utility>

#include "common/bytes.h"
#include "common/log.h"

namespace rocketmq::store {
namespace {

constexpr int64_t kFileBytes = 4096;
constexpr size_t kLogAt = 0;
constexpr size_t kQueuesAt = 8;
constexpr size_t kIndexAt = 16;

/// A checkpoint that is further ahead of the clock is no work of a store: recovery would believe
/// that all of the log is on the disk, for ever, as times are only raised.
constexpr int64_t kAheadMsMax = int64_t{24} * 3600 * 1000;

/// Makes the time at `at` not earlier than `time`; true when that changed it.
bool raise(std::string& content, size_t at, TimestampMs time) {
  if (loadBigEndian<int64_t>(content.data() + at) >= time) {
    return false;
  }
  storeBigEndian(content.data() + at, time);
  return true;
}

CheckpointTimes timesIn(const std::string& content) {
  return {.log_ms = loadBigEndian<int64_t>(content.data() + kLogAt),
          .queues_ms = loadBigEndian<int64_t>(content.data() + kQueuesAt),
          .index_ms = loadBigEndian<int64_t>(content.data() + kIndexAt)};
}

}  // namespace

Checkpoint::Checkpoint(std::unique_ptr<RandomFile> file, std::string content)
    : file_(std::move(file)), content_(std::move(content)) {}

Result<std::unique_ptr<Checkpoint>> Checkpoint::load(FileSystem& files, const std::string& path,
                                                     TimestampMs now_ms) {
  ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<RandomFile> file, files.open(path));
  ROCKETMQ_ASSIGN_OR_RETURN(std::string content, file->read(0, kFileBytes));
  if (content.size() != kFileBytes) {
    if (!content.empty()) {
      log::warn("{} is too short; going on as if nothing had been flushed", path);
    }
    content.assign(kFileBytes, '\0');
    ROCKETMQ_RETURN_IF_ERROR(file->write(0, content));
  }
  const CheckpointTimes times = timesIn(content);
  if (std::max({times.log_ms, times.queues_ms, times.index_ms}) > now_ms + kAheadMsMax) {
    log::warn("{} is damaged: its times are in the future; going on as if nothing had been flushed",
              path);
    content.assign(kFileBytes, '\0');
    ROCKETMQ_RETURN_IF_ERROR(file->write(0, content));
  }
  return std::unique_ptr<Checkpoint>(new Checkpoint(std::move(file), std::move(content)));
}

CheckpointTimes Checkpoint::times() const {
  MutexLock lock(mutex_);
  return timesIn(content_);
}

Status Checkpoint::advance(const CheckpointTimes& times) {
  MutexLock lock(mutex_);
  const bool log_moved = raise(content_, kLogAt, times.log_ms);
  const bool queues_moved = raise(content_, kQueuesAt, times.queues_ms);
  const bool index_moved = raise(content_, kIndexAt, times.index_ms);
  if (!log_moved && !queues_moved && !index_moved) {
    return Status::ok();
  }
  ROCKETMQ_RETURN_IF_ERROR(file_->write(0, content_));
  return file_->sync();
}

}  // namespace rocketmq::store

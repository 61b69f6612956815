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

/// A checkpoint that is further ahead of the clock may be no work of a store: recovery would
/// believe that all of the log is on the disk, for ever, as times are only raised.
constexpr int64_t kHourMs = int64_t{3600} * 1000;
constexpr int64_t kAheadMsMax = 24 * kHourMs;

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

TimestampMs newestOf(const CheckpointTimes& times) {
  return std::max({times.log_ms, times.queues_ms, times.index_ms});
}

}  // namespace

bool isAhead(const CheckpointTimes& times, TimestampMs now_ms) {
  return newestOf(times) > now_ms + kAheadMsMax;
}

Checkpoint::Checkpoint(std::unique_ptr<RandomFile> file, std::string content,
                       const CheckpointTimes& found)
    : file_(std::move(file)), found_(found), content_(std::move(content)) {}

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
  const CheckpointTimes found = timesIn(content);
  if (isAhead(found, now_ms)) {
    log::warn(
        "the clock of this machine is {} hours behind the times in {}: is it right? They are "
        "believed only as far as the file queueends and the commit log bear them out",
        (newestOf(found) - now_ms) / kHourMs, path);
    content.assign(kFileBytes, '\0');
  }
  return std::unique_ptr<Checkpoint>(new Checkpoint(std::move(file), std::move(content), found));
}

void Checkpoint::believe() {
  MutexLock lock(mutex_);
  raise(content_, kLogAt, found_.log_ms);
  raise(content_, kQueuesAt, found_.queues_ms);
  // Of this one nothing else tells.
  raise(content_, kIndexAt, std::min(found_.index_ms, std::max(found_.log_ms, found_.queues_ms)));
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

#include "store/queue/consume_queue.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/check.h"
#include "common/log_limiter.h"
#include "common/lost.h"
#include "common/message/record.h"

namespace rocketmq::store {
namespace {

constexpr int64_t kKeptMappedBytes = 64 * 1024;  // In front of the end: where readers are likely.

}  // namespace

ConsumeQueue::ConsumeQueue(FileSystem& files, Options options)
    : files_(files),
      options_(std::move(options)),
      is_light_(options_.topic.starts_with(kLightTopicPrefix)),
      segments_(files, {.dir = options_.dir,
                        .file_bytes = options_.file_bytes,
                        .use = FileUse::kScattered,
                        .size_setting = "mappedFileSizeConsumeQueue",
                        .mapped = options_.mapped}),
      extension_(options_.extension ? std::make_unique<QueueExtension>(files, *options_.extension)
                                    : nullptr) {}

bool ConsumeQueue::isGone(const Segment& segment) const {
  return isDeleted() || segments_.find(segment.base()).get() != &segment;
}

void ConsumeQueue::logUnreadable(const Status& status) {
  static LogLimiter limiter(1);
  limiter.error("cannot read a consume queue: {}", status.message());
}

// --- Writing ------------------------------------------------------------------------------------

Status ConsumeQueue::checkNotDeleted() const {
  return isDeleted() ? Status::closed("topic " + options_.topic + " is being deleted")
                     : Status::ok();
}

Status ConsumeQueue::ensureRoom(int64_t count) {
  // From the visible end on: under sync flush entries in front of nextOffset() are to be written,
  // whose file may have been unmapped.
  ROCKETMQ_RETURN_IF_ERROR(roomFor(maxOffset(), nextOffset() + count));
  return unitRoomFor(count);
}

Status ConsumeQueue::unitRoomFor(int64_t count) {
  if (extension_ == nullptr || extension_->hasRoom(count)) {
    return Status::ok();
  }
  MutexLock lock(room_mutex_);
  ROCKETMQ_RETURN_IF_ERROR(checkNotDeleted());
  if (!extension_->isEndKnown()) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto last, lastUnitAddress());
    ROCKETMQ_RETURN_IF_ERROR(extension_->findEnd(last));
  }
  return extension_->ensureRoom(count);
}

Status ConsumeQueue::roomFor(int64_t from, int64_t to) {
  MutexLock lock(room_mutex_);
  ROCKETMQ_RETURN_IF_ERROR(checkNotDeleted());
  for (int64_t at = std::max(from, roomy_to_.load(std::memory_order_relaxed)); at < to;) {
    ROCKETMQ_ASSIGN_OR_RETURN(
        const int64_t room_end,
        segments_.makeRoom(at * kQueueEntryBytes,
                           std::min(to, nextFileOffset(at)) * kQueueEntryBytes));
    at = room_end / kQueueEntryBytes;
    roomy_to_.store(at, std::memory_order_release);
  }
  return Status::ok();
}

void ConsumeQueue::write(const QueueEntry& entry) {
  encodeQueueEntry(entry, cursor_.at(maxOffset() * kQueueEntryBytes));
  end_.store(maxOffset() + 1, std::memory_order_release);
}

void ConsumeQueue::append(const QueueEntry& entry, const UnitFacts& facts) {
  int64_t tags_code = entry.tags_code;
  if (extension_ != nullptr) {
    const auto address = extension_->append({.tags_code = entry.tags_code,
                                             .store_timestamp_ms = facts.store_timestamp_ms,
                                             .bit_map = facts.bit_map});
    tags_code = address.value_or(entry.tags_code);
  }
  write({.physical_offset = entry.physical_offset,
         .record_bytes = entry.record_bytes,
         .tags_code = tags_code});
  physical_end_ = entry.physical_offset + entry.record_bytes;
}

Result<ConsumeQueue::Placed> ConsumeQueue::dispatch(int64_t queue_offset, const QueueEntry& entry,
                                                    bool fill_gap, const UnitFacts& facts) {
  if (queue_offset < maxOffset() || entry.physical_offset < physical_end_) {
    return Placed::kKnown;
  }
  if (queue_offset > maxOffset()) {
    if (!fill_gap) {
      return Placed::kGap;
    }
    const auto last = segments_.last();
    const bool is_near =
        last != nullptr && queue_offset * kQueueEntryBytes < last->end() + options_.file_bytes;
    ROCKETMQ_RETURN_IF_ERROR(is_near ? fillTo(queue_offset) : removeAndBeginAt(queue_offset));
  }
  ROCKETMQ_RETURN_IF_ERROR(roomFor(queue_offset, queue_offset + 1));
  ROCKETMQ_RETURN_IF_ERROR(unitRoomFor(1));
  append(entry, facts);
  if (nextOffset() <= queue_offset) {
    next_.store(queue_offset + 1, std::memory_order_relaxed);
  }
  return Placed::kAppended;
}

/// The queue begins at `index` (RocketMQ: fillPreBlank): earlier entries, which the log no longer
/// has, go, and the first file is filled up to it.
Status ConsumeQueue::removeAndBeginAt(int64_t index) {
  for (const auto& segment : segments_.takeFrom(0)) {
    ROCKETMQ_RETURN_IF_ERROR(segment->remove());
  }
  const int64_t per_file = options_.file_bytes / kQueueEntryBytes;
  const int64_t begin = index / per_file * per_file;
  ROCKETMQ_RETURN_IF_ERROR(cutAt(begin, 0));
  ROCKETMQ_RETURN_IF_ERROR(extension_ == nullptr ? Status::ok() : extension_->drop());
  ROCKETMQ_RETURN_IF_ERROR(fillTo(index));
  min_.store(index, std::memory_order_release);
  return Status::ok();
}

Status ConsumeQueue::fillTo(int64_t index) {
  ROCKETMQ_RETURN_IF_ERROR(roomFor(maxOffset(), index));
  while (maxOffset() < index) {
    write(preBlankEntry());
  }
  return Status::ok();
}

// --- Reading ------------------------------------------------------------------------------------

Result<QueueRun> ConsumeQueue::run(int64_t index) const {
  const int64_t end = maxOffset();
  if (index < 0 || index >= end) {
    return QueueRun{};
  }
  const int64_t at = index * kQueueEntryBytes;
  const auto segment = segments_.find(at);
  if (segment == nullptr) {
    return QueueRun{};
  }
  auto mapping = segment->map();
  if (!mapping) {
    if (isGone(*segment)) {
      return QueueRun{};
    }
    logUnreadable(mapping.status());
    return isLost(mapping.status()) ? Result<QueueRun>(QueueRun{}) : mapping.status();
  }
  if (!was_read_.load(std::memory_order_relaxed)) {
    was_read_.store(true, std::memory_order_relaxed);
  }
  const char* data = (*mapping)->data() + (at - segment->base());
  return QueueRun{.owner = std::move(*mapping),
                  .data = data,
                  .count = std::min(end, segment->end() / kQueueEntryBytes) - index};
}

Result<std::optional<QueueEntry>> ConsumeQueue::entryAt(int64_t index) const {
  ROCKETMQ_ASSIGN_OR_RETURN(const QueueRun found, run(index));
  return found.owner == nullptr ? std::nullopt : std::optional<QueueEntry>(found.at(0));
}

// --- Repair -------------------------------------------------------------------------------------

bool ConsumeQueue::names(int64_t index, const QueueEntry& entry, const char* record) const {
  const RecordHead head = decodeRecordHead(record);
  return head.total_size == entry.record_bytes && head.physical_offset == entry.physical_offset &&
         (head.magic == kMessageMagicV1 || head.magic == kMessageMagicV2) &&
         (is_light_ || (head.queue_offset == index && head.queue_id == options_.queue_id));
}

Status ConsumeQueue::overwrite(int64_t index, const QueueEntry& entry) {
  // Under the lock nobody removes the file; opening one that is not there would make it.
  MutexLock lock(room_mutex_);
  const int64_t at = index * kQueueEntryBytes;
  const auto segment = isDeleted() ? nullptr : segments_.find(at);
  if (segment == nullptr) {
    return Status::ok();
  }
  std::array<char, kQueueEntryBytes> bytes;
  encodeQueueEntry(entry, bytes.data());
  // By a system call: readers may have mapped the file, and a store beside their loads is a race.
  ROCKETMQ_ASSIGN_OR_RETURN(const auto file, files_.open(segment->path()));
  return file->write(at - segment->base(), {bytes.data(), bytes.size()});
}

// --- Housekeeping -------------------------------------------------------------------------------

bool ConsumeQueue::isDue(int32_t least_pages) const {
  const int64_t end = maxOffset();
  const int64_t flushed = flushed_;
  const int64_t dirty_pages =
      end * kQueueEntryBytes / kPageBytes - flushed * kQueueEntryBytes / kPageBytes;
  return flushed < end && !isDeleted() && dirty_pages >= least_pages;
}

int64_t ConsumeQueue::beginBulkFlush() {
  // Cleared first: a file that is made from here on may come too late for the sync.
  segments_.expectFolderSync();
  return maxOffset();
}

Status ConsumeQueue::flush() {
  const int64_t end = maxOffset();
  ROCKETMQ_RETURN_IF_ERROR(extension_ == nullptr ? Status::ok() : extension_->flush());
  while (flushed_ < end) {
    const int64_t from = flushed_ * kQueueEntryBytes;
    const auto segment = segments_.find(from);
    if (segment == nullptr) {
      // Retention has taken it, or removeAndBeginAt().
      flushed_ = std::max(flushed_ + 1, std::min(end, firstIndex()));
      continue;
    }
    const int64_t to = std::min(end * kQueueEntryBytes, segment->end());
    const auto mapping = segment->map();
    if (mapping.status().code() == StatusCode::kNotFound) {
      return Status::ok();  // Deleted meanwhile.
    }
    ROCKETMQ_RETURN_IF_ERROR(mapping.status());
    ROCKETMQ_RETURN_IF_ERROR((*mapping)->sync(from - segment->base(), to - from));
    segment->releaseBefore(to - segment->base() - kKeptMappedBytes);
    noteFlushed(to / kQueueEntryBytes);
  }
  return segments_.syncFolder();
}

/// The next writer makes room again, which maps the file where that may fail.
void ConsumeQueue::forgetPlaces() {
  cursor_.reset();
  roomy_to_.store(maxOffset(), std::memory_order_release);
  if (extension_ != nullptr) {
    extension_->unmapAll();
  }
}

void ConsumeQueue::unmapAll() {
  forgetPlaces();
  segments_.unmapAll();
}

void ConsumeQueue::unmapAllAtWork(Mutex& append_mutex) {
  MutexLock room_lock(room_mutex_);
  {
    MutexLock lock(append_mutex);
    forgetPlaces();
  }
  segments_.unmapAll();
}

bool ConsumeQueue::isMapped() const {
  const auto segments = segments_.all();
  return std::any_of(segments.begin(), segments.end(),
                     [](const auto& segment) { return segment->isMapped(); }) ||
         (extension_ != nullptr && extension_->isMapped());
}

bool ConsumeQueue::isMappedInVain() {
  const int64_t end = maxOffset();
  const bool is_used = was_read_.exchange(false, std::memory_order_relaxed) || end != seen_end_;
  seen_end_ = end;
  return !is_used && isMapped();
}

bool ConsumeQueue::trimBefore(int64_t log_min) {
  std::vector<std::shared_ptr<Segment>> taken;
  if (log_min > trimmed_to_) {
    // Readers are sent behind the files before these go.
    moveMin(log_min);
    taken = segments_.takeBefore(minOffset() * kQueueEntryBytes);
    const auto address = extension_ != nullptr && minOffset() < maxOffset()
                             ? unitAddressAt(minOffset())
                             : std::nullopt;
    if (address) {
      const auto units = extension_->takeBefore(*address);
      taken.insert(taken.end(), units.begin(), units.end());
    }
    trimmed_to_ = log_min;
  }
  MutexLock lock(room_mutex_);
  trimmed_.insert(trimmed_.end(), taken.begin(), taken.end());
  return !trimmed_.empty();
}

Result<bool> ConsumeQueue::removeTrimmed() {
  MutexLock lock(room_mutex_);
  // The files of a topic that was deleted and made again have the same names.
  if (trimmed_.empty() || isDeleted()) {
    return false;
  }
  ROCKETMQ_RETURN_IF_ERROR(trimmed_.front()->remove());
  trimmed_.pop_front();
  return true;
}

void ConsumeQueue::markDeleted() {
  MutexLock lock(room_mutex_);
  deleted_.store(true, std::memory_order_release);
}

}  // namespace rocketmq::store

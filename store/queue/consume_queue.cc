#include "store/queue/consume_queue.h"

#include <algorithm>
#include <utility>

#include "common/check.h"
#include "common/log.h"

namespace rocketmq::store {
namespace {

constexpr int64_t kKeptMappedBytes = 64 * 1024;  // In front of the end: where readers are likely.
constexpr size_t kFilesScannedCarefully = 3;

}  // namespace

ConsumeQueue::ConsumeQueue(FileSystem& files, Options options)
    : files_(files),
      options_(std::move(options)),
      segments_(files, {.dir = options_.dir,
                        .file_bytes = options_.file_bytes,
                        .use = FileUse::kScattered,
                        .size_setting = "mappedFileSizeConsumeQueue",
                        .mapped = options_.mapped}),
      extension_(options_.extension ? std::make_unique<QueueExtension>(files, *options_.extension)
                                    : nullptr) {}

void ConsumeQueue::logUnreadable(const Status& status) const {
  if (!isDeleted()) {
    log::error("cannot read a consume queue: {}", status.message());
  }
}

// --- Recovery -----------------------------------------------------------------------------------

int64_t ConsumeQueue::firstIndex() const {
  const auto first = segments_.first();
  return first == nullptr ? 0 : first->base() / kQueueEntryBytes;
}

std::optional<QueueEntry> ConsumeQueue::rawEntryAt(int64_t index) const {
  const int64_t at = index * kQueueEntryBytes;
  const auto segment = segments_.find(at);
  if (segment == nullptr) {
    return std::nullopt;
  }
  const auto mapping = segment->map();
  if (!mapping) {
    logUnreadable(mapping.status());
    return std::nullopt;
  }
  return decodeQueueEntry((*mapping)->data() + (at - segment->base()));
}

std::optional<int64_t> ConsumeQueue::unitAddressAt(int64_t index) const {
  const auto entry = rawEntryAt(index);
  return entry && isExtAddress(entry->tags_code) ? std::optional<int64_t>(entry->tags_code)
                                                 : std::nullopt;
}

int64_t ConsumeQueue::skipPreBlanks(int64_t index, int64_t high) const {
  for (; index < high; ++index) {
    const auto entry = rawEntryAt(index);
    if (!entry || !isPreBlank(*entry)) {
      break;
    }
  }
  return index;
}

int64_t ConsumeQueue::firstAtOrAfter(int64_t physical_offset, int64_t low, int64_t high) const {
  const int64_t end = high;
  while (low < high) {
    // Pre-blank entries say nothing about order; the next real one decides for them.
    const int64_t middle = low + (high - low) / 2;
    const int64_t probe = skipPreBlanks(middle, high);
    const auto entry = probe < high ? rawEntryAt(probe) : std::nullopt;
    if (entry && entry->physical_offset < physical_offset) {
      low = probe + 1;
    } else {
      high = middle;
    }
  }
  return skipPreBlanks(low, end);
}

int64_t ConsumeQueue::findEndTrusted() const {
  const auto all = segments_.all();
  for (auto segment = all.rbegin(); segment != all.rend(); ++segment) {
    const int64_t begin = (*segment)->base() / kQueueEntryBytes;
    int64_t low = begin;
    int64_t high = (*segment)->end() / kQueueEntryBytes;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      const auto entry = rawEntryAt(middle);
      if (entry && isWritten(*entry)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low > begin) {
      return low;
    }
  }
  return firstIndex();
}

int64_t ConsumeQueue::findEndCareful() const {
  const auto all = segments_.all();
  const size_t skipped = all.size() - std::min(all.size(), kFilesScannedCarefully);
  int64_t index = all[skipped]->base() / kQueueEntryBytes;
  int64_t known_end = 0;
  for (size_t i = skipped; i < all.size(); ++i) {
    const auto mapping = all[i]->map();
    for (const char* at = mapping ? (*mapping)->data() : nullptr;
         at != nullptr && index < all[i]->end() / kQueueEntryBytes; at += kQueueEntryBytes) {
      const QueueEntry entry = decodeQueueEntry(at);
      // An offset that goes back was left by a truncation: the log only goes forward.
      if (!isWritten(entry) || (!isPreBlank(entry) && entry.physical_offset < known_end)) {
        return index;
      }
      known_end = isPreBlank(entry) ? known_end : entry.physical_offset + entry.record_bytes;
      ++index;
    }
  }
  return index;
}

Status ConsumeQueue::recover(QueueScan scan) {
  if (segments_.empty()) {
    return Status::ok();
  }
  if (scan == QueueScan::kTrusted) {
    ROCKETMQ_RETURN_IF_ERROR(cutAt(findEndTrusted()));
    noteFlushed(maxOffset());
    return Status::ok();
  }
  ROCKETMQ_RETURN_IF_ERROR(wipeFrom(findEndCareful()));
  noteFlushed(firstIndex());
  return Status::ok();
}

Result<bool> ConsumeQueue::endsAsKnown(const QueueEnd& known) const {
  if (firstIndex() > known.min) {
    return false;
  }
  if (known.max == 0) {
    return true;
  }
  const int64_t at = (known.max - 1) * kQueueEntryBytes;
  const auto segment = segments_.find(at);
  if (segment == nullptr) {
    return false;
  }
  // Not by the mapping: making one costs more than everything else here.
  ROCKETMQ_ASSIGN_OR_RETURN(const auto file, files_.open(segment->path()));
  ROCKETMQ_ASSIGN_OR_RETURN(const std::string bytes,
                            file->read(at - segment->base(), kQueueEntryBytes));
  if (bytes.size() != static_cast<size_t>(kQueueEntryBytes)) {
    return false;
  }
  const QueueEntry entry = decodeQueueEntry(bytes.data());
  return isPreBlank(entry) || entry.physical_offset + entry.record_bytes == known.physical_end;
}

Result<bool> ConsumeQueue::recoverFrom(const QueueEnd& known, int64_t log_min) {
  ROCKETMQ_ASSIGN_OR_RETURN(const bool fits, endsAsKnown(known));
  if (!fits) {
    return false;
  }
  ROCKETMQ_RETURN_IF_ERROR(cutAt(known.max, known.physical_end));
  min_.store(known.min, std::memory_order_release);
  trimmed_to_ = log_min;
  flushed_ = known.max;
  flushed_physical_end_ = known.physical_end;
  return true;
}

Status ConsumeQueue::wipeBehindEnd() {
  const auto segment = segments_.find(maxOffset() * kQueueEntryBytes);
  if (segment == nullptr) {
    return Status::ok();
  }
  const int64_t position = maxOffset() * kQueueEntryBytes - segment->base();
  ROCKETMQ_ASSIGN_OR_RETURN(const bool is_clean, files_.isZeroFrom(segment->path(), position));
  return is_clean ? Status::ok() : segment->zeroFrom(position);
}

Status ConsumeQueue::skipTo(int64_t offset) {
  if (offset > maxOffset()) {
    ROCKETMQ_RETURN_IF_ERROR(removeAndBeginAt(offset));
    next_.store(offset, std::memory_order_relaxed);
  }
  return Status::ok();
}

int64_t ConsumeQueue::physicalEndAt(int64_t end) const {
  for (int64_t index = end - 1; index >= firstIndex(); --index) {
    const auto entry = rawEntryAt(index);
    if (!entry || !isPreBlank(*entry)) {
      return entry ? entry->physical_offset + entry->record_bytes : 0;
    }
  }
  return 0;
}

void ConsumeQueue::noteFlushed(int64_t end) {
  flushed_ = end;
  flushed_physical_end_ = physicalEndAt(end);
}

Status ConsumeQueue::cutAt(int64_t end) { return cutAt(end, physicalEndAt(end)); }

Status ConsumeQueue::cutAt(int64_t end, int64_t physical_end) {
  for (const auto& segment : segments_.takeFrom(end * kQueueEntryBytes + 1)) {
    ROCKETMQ_RETURN_IF_ERROR(segment->remove());
  }
  cursor_.reset();
  if (extension_ != nullptr) {
    extension_->forgetEnd();
  }
  end_.store(end, std::memory_order_release);
  next_.store(end, std::memory_order_relaxed);
  roomy_to_.store(end, std::memory_order_release);
  physical_end_ = physical_end;
  if (flushed_ > end) {
    flushed_ = end;
    flushed_physical_end_ = physical_end;
  }
  return Status::ok();
}

Status ConsumeQueue::wipeFrom(int64_t end) {
  ROCKETMQ_RETURN_IF_ERROR(cutAt(end));
  return wipeBehindEnd();
}

Status ConsumeQueue::truncateFrom(int64_t physical_offset) {
  if (physical_end_ <= physical_offset) {
    return Status::ok();
  }
  const int64_t cut = firstAtOrAfter(physical_offset, firstIndex(), maxOffset());
  return cut == maxOffset() ? Status::ok() : wipeFrom(cut);
}

Status ConsumeQueue::prepareReplay(int64_t physical_offset) {
  ROCKETMQ_RETURN_IF_ERROR(truncateFrom(physical_offset));
  if (firstIndex() == 0 || maxOffset() > firstIndex()) {
    return Status::ok();
  }
  begun_at_ = firstIndex();
  return dropFiles();
}

Status ConsumeQueue::finishReplay() {
  return begun_at_ == 0 || isUsed() ? Status::ok() : skipTo(begun_at_);
}

std::optional<QueueEntry> ConsumeQueue::lastEntry() const {
  if (maxOffset() <= firstIndex()) {
    return std::nullopt;
  }
  const auto entry = rawEntryAt(maxOffset() - 1);
  return entry && isPreBlank(*entry) ? std::nullopt : entry;
}

void ConsumeQueue::releaseMappings() {
  cursor_.reset();
  // The next writer makes room again, which maps the file where that may fail.
  roomy_to_.store(maxOffset(), std::memory_order_release);
  if (extension_ != nullptr) {
    extension_->releaseMappings();
  }
  segments_.unmapAll();
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
  const int64_t end = maxOffset();
  return extension_->ensureRoom(
      count, {.entries = end > firstIndex() ? end : 0, .last_address = unitAddressAt(end - 1)});
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
  QueueEntry written = entry;
  if (extension_ != nullptr) {
    const auto address = extension_->append({.tags_code = entry.tags_code,
                                             .store_timestamp_ms = facts.store_timestamp_ms,
                                             .bit_map = facts.bit_map});
    written.tags_code = address.value_or(entry.tags_code);
  }
  write(written);
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

QueueRun ConsumeQueue::run(int64_t index) const {
  const int64_t end = maxOffset();
  if (index < 0 || index >= end) {
    return {};
  }
  const int64_t at = index * kQueueEntryBytes;
  const auto segment = segments_.find(at);
  if (segment == nullptr) {
    return {};
  }
  auto mapping = segment->map();
  if (!mapping) {
    logUnreadable(mapping.status());
    return {};
  }
  if (!was_read_.load(std::memory_order_relaxed)) {
    was_read_.store(true, std::memory_order_relaxed);
  }
  const char* data = (*mapping)->data() + (at - segment->base());
  return {.owner = std::move(*mapping),
          .data = data,
          .count = std::min(end, segment->end() / kQueueEntryBytes) - index};
}

std::optional<QueueEntry> ConsumeQueue::entryAt(int64_t index) const {
  const QueueRun found = run(index);
  return found.owner == nullptr ? std::nullopt : std::optional<QueueEntry>(found.at(0));
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

void ConsumeQueue::unmapAll(Mutex& append_mutex) {
  MutexLock room_lock(room_mutex_);
  {
    MutexLock lock(append_mutex);
    cursor_.reset();
    roomy_to_.store(maxOffset(), std::memory_order_release);
    if (extension_ != nullptr) {
      extension_->unmapAll();
    }
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

void ConsumeQueue::moveMin(int64_t log_min) {
  const int64_t end = maxOffset();
  const int64_t first = std::max(firstIndex(), std::min(minOffset(), end));
  min_.store(firstAtOrAfter(log_min, first, end), std::memory_order_release);
}

Status ConsumeQueue::trimBefore(int64_t log_min) {
  if (log_min <= trimmed_to_) {
    return Status::ok();
  }
  // Readers are sent behind the files before these go.
  moveMin(log_min);
  const int64_t keep_bytes = minOffset() * kQueueEntryBytes;
  for (const auto& segment : segments_.takeBefore(keep_bytes)) {
    ROCKETMQ_RETURN_IF_ERROR(segment->remove());
  }
  if (extension_ != nullptr && minOffset() < maxOffset()) {
    if (const auto address = unitAddressAt(minOffset())) {
      ROCKETMQ_RETURN_IF_ERROR(extension_->trimBefore(*address));
    }
  }
  trimmed_to_ = log_min;
  return Status::ok();
}

void ConsumeQueue::markDeleted() {
  MutexLock lock(room_mutex_);
  deleted_.store(true, std::memory_order_release);
}

}  // namespace rocketmq::store

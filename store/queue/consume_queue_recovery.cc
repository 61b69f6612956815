// How ConsumeQueue finds its place in its files: the end at a start, and an earlier one where the
// log does not reach so far.
#include <algorithm>

#include "store/queue/consume_queue.h"

namespace rocketmq::store {
namespace {

constexpr size_t kFilesScannedCarefully = 3;

/// Neither a pre-blank entry nor one that is zero, as damage leaves it, tells a place in the log.
bool namesNoRecord(const QueueEntry& entry) { return isPreBlank(entry) || !isWritten(entry); }

}  // namespace

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
    if (!isGone(*segment)) {
      logUnreadable(mapping.status());
    }
    return std::nullopt;
  }
  return decodeQueueEntry((*mapping)->data() + (at - segment->base()));
}

std::optional<int64_t> ConsumeQueue::unitAddressAt(int64_t index) const {
  const auto entry = rawEntryAt(index);
  return entry && isExtAddress(entry->tags_code) ? std::optional<int64_t>(entry->tags_code)
                                                 : std::nullopt;
}

Result<std::optional<QueueExtension::LastAddress>> ConsumeQueue::lastUnitAddress() const {
  const int64_t end = maxOffset() * kQueueEntryBytes;
  const auto files = segments_.all();
  for (auto file = files.rbegin(); file != files.rend(); ++file) {
    Segment& segment = **file;
    ROCKETMQ_ASSIGN_OR_RETURN(const auto mapping, segment.map());
    for (int64_t at = std::min(end, segment.end()); at > segment.base(); at -= kQueueEntryBytes) {
      const char* const entry = mapping->data() + (at - kQueueEntryBytes - segment.base());
      if (const int64_t tags_code = decodeQueueEntry(entry).tags_code; isExtAddress(tags_code)) {
        return std::optional(
            QueueExtension::LastAddress{.address = tags_code, .is_of_last_entry = at == end});
      }
    }
  }
  return std::optional<QueueExtension::LastAddress>();
}

template <class Predicate>
int64_t ConsumeQueue::skipWhile(int64_t index, int64_t high, Predicate unwanted) const {
  for (; index < high; ++index) {
    const auto entry = rawEntryAt(index);
    if (!entry || !unwanted(*entry)) {
      break;
    }
  }
  return index;
}

int64_t ConsumeQueue::behindLastBefore(int64_t physical_offset, int64_t low, int64_t high) const {
  while (low < high) {
    // Entries that name no record say nothing about order; the next one that does decides for them.
    const int64_t middle = low + (high - low) / 2;
    const int64_t probe = skipWhile(middle, high, namesNoRecord);
    const auto entry = probe < high ? rawEntryAt(probe) : std::nullopt;
    if (entry && entry->physical_offset < physical_offset) {
      low = probe + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

/// By bisection; where it ends all is old, and what follows may be. A place is old when two of
/// three entries say so that are too far apart to share a damaged page.
int64_t ConsumeQueue::surelyBefore(int64_t physical_offset, int64_t low, int64_t high) const {
  constexpr int64_t kApart = 1024;
  const auto isOld = [&](int64_t index) {
    const auto entry = rawEntryAt(index);
    return entry && !namesNoRecord(*entry) && entry->physical_offset < physical_offset ? 1 : 0;
  };
  const int64_t begin = low;
  while (high - low > 4 * kApart) {
    const int64_t middle = low + (high - low) / 2;
    if (isOld(middle - kApart) + isOld(middle) + isOld(middle + kApart) >= 2) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return std::max(begin, low - 2 * kApart);
}

/// Entry by entry at the end, and not by bisection alone, which one damaged entry would send far
/// over messages that the log has. An entry that goes back is damaged, as the log only goes
/// forward, and so is one in front of two that go back behind it. Damage is not passed over unless
/// something behind it is old: the log may have its messages.
void ConsumeQueue::moveMin(int64_t log_min) {
  const int64_t end = maxOffset();
  int64_t min = surelyBefore(log_min, std::max(firstIndex(), std::min(minOffset(), end)), end);
  int64_t known_end = 0;
  const auto next = [&](int64_t index) { return skipWhile(index, end, namesNoRecord); };
  for (int64_t index = next(min); index < end; index = next(index + 1)) {
    const auto entry = rawEntryAt(index);
    if (!entry) {
      break;
    }
    if (entry->physical_offset >= log_min) {
      const int64_t second = next(index + 1);
      const auto after = second < end ? rawEntryAt(second) : std::nullopt;
      const int64_t third = after ? next(second + 1) : end;
      const auto last = third < end ? rawEntryAt(third) : std::nullopt;
      if (!last || after->physical_offset >= log_min || last->physical_offset >= log_min) {
        break;
      }
    } else if (entry->physical_offset >= known_end) {
      known_end = entry->physical_offset + entry->record_bytes;
      min = index + 1;
    }
  }
  min_.store(skipWhile(min, end, isPreBlank), std::memory_order_release);
}

// A file that cannot be read is not an empty one: its entries would be cut off.
Result<int64_t> ConsumeQueue::findEndTrusted() const {
  const auto all = segments_.all();
  for (auto segment = all.rbegin(); segment != all.rend(); ++segment) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto mapping, (*segment)->map());
    const int64_t begin = (*segment)->base() / kQueueEntryBytes;
    int64_t low = begin;
    int64_t high = (*segment)->end() / kQueueEntryBytes;
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      if (isWritten(decodeQueueEntry(mapping->data() + (middle - begin) * kQueueEntryBytes))) {
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

Result<int64_t> ConsumeQueue::findEndCareful() const {
  const auto all = segments_.all();
  const size_t skipped = all.size() - std::min(all.size(), kFilesScannedCarefully);
  int64_t index = all[skipped]->base() / kQueueEntryBytes;
  int64_t known_end = 0;
  for (size_t i = skipped; i < all.size(); ++i) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto mapping, all[i]->map());
    for (const char* at = mapping->data(); index < all[i]->end() / kQueueEntryBytes;
         at += kQueueEntryBytes) {
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
    ROCKETMQ_ASSIGN_OR_RETURN(const int64_t end, findEndTrusted());
    ROCKETMQ_RETURN_IF_ERROR(cutAt(end));
    noteFlushed(maxOffset());
    return Status::ok();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const int64_t end, findEndCareful());
  ROCKETMQ_RETURN_IF_ERROR(wipeFrom(end));
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

Result<bool> ConsumeQueue::recoverFrom(const QueueEnd& known, std::optional<int64_t> log_min) {
  ROCKETMQ_ASSIGN_OR_RETURN(const bool fits, endsAsKnown(known));
  if (!fits) {
    return false;
  }
  ROCKETMQ_RETURN_IF_ERROR(cutAt(known.max, known.physical_end));
  min_.store(log_min ? known.min : firstIndex(), std::memory_order_release);
  trimmed_to_ = log_min.value_or(kUntrimmed);
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
    ROCKETMQ_RETURN_IF_ERROR(maxOffset() == 0 ? removeAndBeginAt(offset) : fillTo(offset));
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
  // Damaged entries at the cut stay: the log may have their messages, whose offsets are taken then.
  const int64_t cut = skipWhile(behindLastBefore(physical_offset, firstIndex(), maxOffset()),
                                maxOffset(), namesNoRecord);
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

std::optional<int64_t> ConsumeQueue::physicalBegin() const {
  const int64_t index = skipWhile(firstIndex(), maxOffset(), namesNoRecord);
  const auto entry = index < maxOffset() ? rawEntryAt(index) : std::nullopt;
  return entry ? std::optional<int64_t>(entry->physical_offset) : std::nullopt;
}

std::optional<QueueEntry> ConsumeQueue::lastEntry() const {
  if (maxOffset() <= firstIndex()) {
    return std::nullopt;
  }
  const auto entry = rawEntryAt(maxOffset() - 1);
  return entry && isPreBlank(*entry) ? std::nullopt : entry;
}

}  // namespace rocketmq::store

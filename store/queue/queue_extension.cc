#include "store/queue/queue_extension.h"

#include <algorithm>
#include <utility>

#include "common/log.h"

namespace rocketmq::store {
namespace {

constexpr int64_t kKeptMappedBytes = 64 * 1024;  // In front of the end: where readers are likely.

Result<std::shared_ptr<MappedFile>> notThere() { return Status::notFound("no such file"); }

}  // namespace

QueueExtension::QueueExtension(FileSystem& files, Options options)
    : files_(files),
      options_(std::move(options)),
      segments_(files, {.dir = options_.dir,
                        .file_bytes = options_.file_bytes,
                        .use = FileUse::kScattered,
                        .size_setting = "mappedFileSizeConsumeQueueExt",
                        .are_expendable = true,
                        .mapped = options_.mapped}) {}

void QueueExtension::load() const {
  if (is_loaded_.load(std::memory_order_acquire)) {
    return;
  }
  MutexLock lock(load_mutex_);
  if (is_loaded_.load(std::memory_order_relaxed)) {
    return;
  }
  if (const Status loaded = segments_.load(); !loaded.isOk()) {
    log::warn(
        "{}; the files of this consume queue's extension are removed, and what they say is read "
        "from the log instead",
        loaded.message());
    segments_.takeFrom(0);
    if (const Status removed = files_.removeTree(options_.dir); !removed.isOk()) {
      log::warn("{}", removed.message());
    }
  }
  is_loaded_.store(true, std::memory_order_release);
}

// --- Writing ------------------------------------------------------------------------------------

int64_t QueueExtension::endOf(int64_t offset, int64_t count) const {
  const int64_t unit = options_.unit_bytes_max;
  const int64_t usable = options_.file_bytes - kUnitTailBytes;
  const int64_t here = std::max<int64_t>(0, usable - (offset - fileOf(offset))) / unit;
  if (count <= here) {
    return offset + count * unit;
  }
  const int64_t per_file = usable / unit;
  const int64_t beyond = count - here - 1;
  const int64_t next_file = fileOf(offset) + options_.file_bytes;
  return next_file + beyond / per_file * options_.file_bytes + (beyond % per_file + 1) * unit;
}

bool QueueExtension::hasRoom(int64_t count) const {
  const int64_t end = end_.load(std::memory_order_acquire);
  return end != kEndUnknown &&
         (end >= kOffsetMax || endOf(end, count) <= roomy_to_.load(std::memory_order_acquire));
}

Status QueueExtension::ensureRoom(int64_t count) {
  const int64_t end = end_.load(std::memory_order_acquire);
  const int64_t to = end >= kOffsetMax ? end : endOf(end, count);
  for (int64_t at = std::max(end, roomy_to_.load(std::memory_order_relaxed)); at < to;) {
    ROCKETMQ_ASSIGN_OR_RETURN(
        at, segments_.makeRoom(at, std::min(to, fileOf(at) + options_.file_bytes)));
    roomy_to_.store(at, std::memory_order_release);
  }
  return Status::ok();
}

std::optional<int64_t> QueueExtension::append(const QueueUnit& unit) {
  int64_t at = end_.load(std::memory_order_relaxed);
  if (at >= kOffsetMax) {
    return std::nullopt;
  }
  const int64_t bytes = unitBytes(unit);
  const int64_t file_end = fileOf(at) + options_.file_bytes;
  if (at + bytes + kUnitTailBytes > file_end) {
    encodeEndOfUnits(cursor_.at(at));
    at = file_end;
  }
  encodeQueueUnit(unit, cursor_.at(at));
  end_.store(at + bytes, std::memory_order_release);
  return unitAddress(at);
}

// --- Recovery -----------------------------------------------------------------------------------

void QueueExtension::forgetEnd() {
  cursor_.reset();
  roomy_to_.store(0, std::memory_order_release);
  end_.store(kEndUnknown, std::memory_order_release);
}

Status QueueExtension::drop() {
  load();
  forgetEnd();
  segments_.takeFrom(0);
  ROCKETMQ_RETURN_IF_ERROR(files_.removeTree(options_.dir));
  return beginFileAt(0);
}

void QueueExtension::unmapAll() {
  cursor_.reset();
  roomy_to_.store(std::max<int64_t>(0, end_.load(std::memory_order_relaxed)),
                  std::memory_order_release);
  segments_.unmapAll();
}

bool QueueExtension::isMapped() const {
  const auto last = segments_.last();
  return last != nullptr && last->isMapped();
}

/// Units go behind that of the last entry. When that one is gone, or the last entry holds none,
/// they go into a new file behind all addresses: no entry must find a unit that is not its own.
Status QueueExtension::findEnd(const std::optional<LastAddress>& last) {
  load();
  if (!last) {
    return drop();
  }
  const int64_t offset = unitOffset(last->address);
  if (last->is_of_last_entry) {
    const LogView file = view(last->address);
    if (const auto unit =
            file.owner == nullptr ? std::nullopt : decodeQueueUnit(file.from(offset))) {
      return continueAt(offset + unitBytes(*unit));
    }
  }
  return beginFileAt(fileOf(offset) + options_.file_bytes);
}

/// What lies behind becomes zero: a Java broker goes from unit to unit to find the end.
Status QueueExtension::continueAt(int64_t offset) {
  const int64_t base = fileOf(offset);
  ROCKETMQ_RETURN_IF_ERROR(removeFrom(base + options_.file_bytes));
  const auto segment = segments_.find(base);
  ROCKETMQ_ASSIGN_OR_RETURN(const bool is_clean, files_.isZeroFrom(segment->path(), offset - base));
  if (!is_clean) {
    ROCKETMQ_RETURN_IF_ERROR(segment->zeroFrom(offset - base));
  }
  flushed_.store(base, std::memory_order_release);
  end_.store(offset, std::memory_order_release);
  return Status::ok();
}

Status QueueExtension::beginFileAt(int64_t base) {
  const auto last = segments_.last();
  const bool leaves_gap = last != nullptr && last->end() < base;
  ROCKETMQ_RETURN_IF_ERROR(removeFrom(leaves_gap ? 0 : base));
  flushed_.store(base, std::memory_order_release);
  end_.store(std::min(base, kOffsetMax), std::memory_order_release);
  return Status::ok();
}

Status QueueExtension::removeFrom(int64_t offset) {
  for (const auto& segment : segments_.takeFrom(offset)) {
    ROCKETMQ_RETURN_IF_ERROR(segment->remove());
  }
  return Status::ok();
}

// --- Reading ------------------------------------------------------------------------------------

LogView QueueExtension::view(int64_t address) const {
  load();
  const int64_t offset = unitOffset(address);
  const auto segment = segments_.find(offset);
  if (segment == nullptr) {
    return {};
  }
  auto mapping = segment->map();
  if (!mapping) {
    return {};
  }
  const char* const data = (*mapping)->data();
  // An entry becomes visible after its unit has moved the end.
  const int64_t end = end_.load(std::memory_order_acquire);
  const int64_t bytes =
      end > offset && end < segment->end() ? end - segment->base() : segment->bytes();
  return {.owner = std::move(*mapping),
          .base = segment->base(),
          .file_end = segment->end(),
          .bytes = {data, static_cast<size_t>(bytes)}};
}

// --- Housekeeping -------------------------------------------------------------------------------

Status QueueExtension::flush() {
  const int64_t end = end_.load(std::memory_order_acquire);
  const auto first = segments_.first();
  if (end == kEndUnknown || end >= kOffsetMax || first == nullptr) {
    return Status::ok();
  }
  // Retention may have taken files that were not flushed.
  int64_t flushed = std::max(flushed_.load(std::memory_order_acquire), first->base());
  while (flushed < end) {
    const int64_t base = fileOf(flushed);
    const int64_t to = std::min(end, base + options_.file_bytes);
    const auto segment = segments_.find(base);
    const auto mapping = segment == nullptr ? notThere() : segment->map();
    if (mapping.status().code() == StatusCode::kNotFound) {
      return Status::ok();  // The topic is being deleted, or the queue made anew.
    }
    ROCKETMQ_RETURN_IF_ERROR(mapping.status());
    ROCKETMQ_RETURN_IF_ERROR((*mapping)->sync(flushed - base, to - flushed));
    segment->releaseBefore(to - base - kKeptMappedBytes);
    flushed = to;
    flushed_.store(flushed, std::memory_order_release);
  }
  return segments_.syncFolder();
}

std::vector<std::shared_ptr<Segment>> QueueExtension::takeBefore(int64_t address) {
  load();
  return segments_.takeBefore(unitOffset(address));
}

}  // namespace rocketmq::store

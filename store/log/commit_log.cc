#include "store/log/commit_log.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

#include "common/bytes.h"
#include "common/check.h"
#include "common/log.h"
#include "common/log_limiter.h"
#include "common/message/record.h"
#include "common/scheduling.h"

namespace rocketmq::store {
namespace {

/// How soon a failed attempt is repeated and old pages are looked for.
constexpr std::chrono::seconds kRoomPause{5};
/// From this size on an append costs less by write() than by page faults; with 18 KiB nothing was
/// gained, with 1 MiB the broker's CPU time per message fell by a third.
constexpr int64_t kLargeAppendBytes = 32 * 1024;
/// So many times as much is reserved ahead of large appends, of which there may be a gigabyte in a
/// second: while blocks are reserved they have to be copied, see fill().
constexpr int64_t kLargeAppendsReserve = 4;
/// No more is reserved ahead than this part of what is free: sends are to be refused because the
/// disk is full while there still is room for tables, queues and index.
constexpr int64_t kReservePartOfFree = 8;
/// A piece of zeros keeps the disk about as long as a sync does. In the cache larger ones cost
/// less, and an appender who waits for one waits for a tenth of a millisecond.
constexpr int64_t kZerosStep = 128 << 10;
constexpr int64_t kCachedZerosStep = 256 << 10;
/// What an appender makes that has found no room.
constexpr int64_t kRoomStep = 256 << 10;

/// Writes eight bytes at once. They go in front of a record that is complete behind them: a process
/// that dies in between leaves no magic, and so no half record. A fence for the compiler is enough,
/// as a dying process has done all its instructions before the one it dies at.
void storeEight(char* at, const char* bytes) {
  uint64_t value;
  std::memcpy(&value, bytes, sizeof(value));
  std::atomic_signal_fence(std::memory_order_release);
  std::memcpy(at, &value, sizeof(value));
}

}  // namespace

CommitLog::CommitLog(FileSystem& files, Options options)
    : files_(files),
      options_(std::move(options)),
      segments_(files, {.dir = options_.dir,
                        .file_bytes = options_.file_bytes,
                        .use = FileUse::kStream,
                        .size_setting = "mappedFileSizeCommitLog",
                        .zeros = options_.zeros}) {}

CommitLog::~CommitLog() { room_worker_.stop(); }

Result<std::unique_ptr<CommitLog>> CommitLog::load(FileSystem& files, Options options) {
  auto log = std::unique_ptr<CommitLog>(new CommitLog(files, std::move(options)));
  ROCKETMQ_RETURN_IF_ERROR(files.createDirectories(log->options_.dir));
  ROCKETMQ_RETURN_IF_ERROR(log->segments_.load());
  if (const auto last = log->segments_.last()) {
    log->end_.store(last->end(), std::memory_order_release);
  }
  return log;
}

Status CommitLog::truncateTo(const Recovered& recovered) {
  const int64_t end = recovered.end;
  ROCKETMQ_RETURN_IF_ERROR(removeBeyond(end));
  segments_.unmapAll();  // Recovery has read them; their pages need not stay.
  read_last_.reset();
  is_recovered_ = true;
  MutexLock lock(append_mutex_);
  active_ = segments_.last();
  if (active_ != nullptr) {
    ROCKETMQ_ASSIGN_OR_RETURN(active_mapping_, active_->map());
    const int64_t tail_at = end - active_->base();
    ROCKETMQ_RETURN_IF_ERROR(active_->zeroFrom(tail_at));
    // Else the next power loss could mix pages of a torn record with those of a new one.
    ROCKETMQ_RETURN_IF_ERROR(active_mapping_->sync(tail_at, active_->bytes() - tail_at));
  }
  tail_ = end;
  newest_ms_.store(recovered.newest_ms, std::memory_order_release);
  end_.store(end, std::memory_order_release);
  flushed_.store(std::min(end, recovered.flushed), std::memory_order_release);
  return Status::ok();
}

/// The newest file goes first: a power cut brings back the ones that were removed last, and among
/// the files that are there then none may be missing.
Status CommitLog::removeBeyond(int64_t end) {
  auto beyond = segments_.takeFrom(end);
  // The file that begins exactly at the end stays: it is where the log goes on.
  if (!beyond.empty() && beyond.front()->base() == end) {
    segments_.add(beyond.front());
    beyond.erase(beyond.begin());
  }
  for (auto segment = beyond.rbegin(); segment != beyond.rend(); ++segment) {
    ROCKETMQ_RETURN_IF_ERROR((*segment)->remove());
  }
  return beyond.empty() ? Status::ok() : files_.syncDirectory(options_.dir);
}

void CommitLog::start() {
  room_worker_.start("StoreLogRoom", [this] {
    takeTurns(Turns::kShort);
    do {
      keepRoomAhead();
    } while (room_worker_.pause(kRoomPause));
  });
}

void CommitLog::stop() {
  room_worker_.stop();
  std::shared_ptr<Segment> unused;
  {
    MutexLock lock(append_mutex_);
    std::swap(unused, next_);
    next_mapping_.reset();
  }
  if (unused != nullptr) {
    if (const Status removed = unused->remove(); !removed.isOk()) {
      log::warn("{}", removed.message());
    }
  }
}

std::optional<CommitLog::Claim> CommitLog::claim(int64_t bytes) {
  if (active_ != nullptr) {
    const int64_t position = tail_ - active_->base();
    const bool fits = bytes + kBlankBytes <= active_->bytes() - position;
    if (active_->reservedTo() < position + (fits ? bytes : 0) + kBlankBytes) {
      return std::nullopt;
    }
    if (fits) {
      return Claim{.at = active_mapping_->data() + position, .physical_offset = tail_};
    }
  }
  if (next_ == nullptr || next_->reservedTo() < bytes + kBlankBytes) {
    return std::nullopt;
  }
  if (active_ != nullptr) {
    writeBlank();
  }
  switchToNext();
  return Claim{.at = active_mapping_->data(), .physical_offset = tail_};
}

std::optional<CommitLog::Claim> CommitLog::claimRest() {
  if (active_->reservedTo() < active_->bytes() || next_ == nullptr) {
    return std::nullopt;
  }
  return Claim{.at = active_mapping_->data() + (tail_ - active_->base()), .physical_offset = tail_};
}

void CommitLog::commitRest(const Claim& claim, std::string_view rest) {
  fill(claim, rest);
  switchToNext();
  end_.store(tail_, std::memory_order_release);
}

Status CommitLog::beginAt(int64_t offset) {
  if (offset < 0 || offset % options_.file_bytes != 0) {
    return Status::invalidArgument("no file of the commit log begins at " + std::to_string(offset) +
                                   "; is mappedFileSizeCommitLog that of the master?");
  }
  MutexLock room_lock(room_mutex_);
  std::vector<std::shared_ptr<Segment>> unused;
  {
    MutexLock lock(append_mutex_);
    if (tail_ != 0) {
      return Status::invalidArgument("the commit log is not empty");
    }
    unused = segments_.takeFrom(0);
    if (next_ != nullptr) {
      unused.push_back(std::exchange(next_, nullptr));
    }
    next_mapping_.reset();
    active_.reset();
    active_mapping_.reset();
    tail_ = offset;
    end_.store(offset, std::memory_order_release);
    flushed_.store(offset, std::memory_order_release);
  }
  for (const auto& segment : unused) {
    ROCKETMQ_RETURN_IF_ERROR(segment->remove());
  }
  return Status::ok();
}

void CommitLog::fill(const Claim& claim, std::string_view bytes) {
  const std::string_view rest = bytes.substr(kBlankBytes);
  char* const at = claim.at + kBlankBytes;
  const auto size = static_cast<int64_t>(bytes.size());
  const bool is_large = size >= kLargeAppendBytes;
  large_bytes_ += is_large ? size : 0;
  // A write would wait for a reservation in the same file, which can take a commit of the file
  // system's journal. Copying does not.
  if (is_large && claim.physical_offset >= prefaulted_to_ &&
      !reserving_.load(std::memory_order_acquire)) {
    active_mapping_->put(at - active_mapping_->data(), rest);
  } else {
    std::memcpy(at, rest.data(), rest.size());
  }
  storeEight(claim.at, bytes.data());
}

void CommitLog::writeBlank() {
  char blank[kBlankBytes];
  storeBigEndian(blank, static_cast<int32_t>(active_->end() - tail_));
  storeBigEndian(blank + 4, kBlankMagic);
  storeEight(active_mapping_->data() + (tail_ - active_->base()), blank);
}

void CommitLog::switchToNext() {
  active_ = std::exchange(next_, nullptr);
  active_mapping_ = std::exchange(next_mapping_, nullptr);
  tail_ = active_->base();
  segments_.add(active_);
  wake_at_.store(tail_, std::memory_order_relaxed);
}

void CommitLog::commit(const Claim& claim, std::string_view encoded,
                       TimestampMs store_timestamp_ms) {
  fill(claim, encoded);
  tail_ = claim.physical_offset + static_cast<int64_t>(encoded.size());
  if (tail_ / kPageBytes != claim.physical_offset / kPageBytes) {
    whole_pages_ = {.end = claim.physical_offset,
                    .store_timestamp_ms = newest_ms_.load(std::memory_order_relaxed)};
  }
  end_.store(tail_, std::memory_order_release);
  newest_ms_.store(store_timestamp_ms, std::memory_order_release);
}

void CommitLog::wakeIfRoomIsScarce() {
  if (maxOffset() >= wake_at_.load(std::memory_order_relaxed)) {
    room_worker_.wake();
  }
}

Status CommitLog::makeRoom(int64_t bytes) {
  int64_t tail = 0;
  bool fits = false;
  {
    MutexLock lock(append_mutex_);
    tail = tail_;
    fits = active_ != nullptr && bytes + kBlankBytes <= active_->end() - tail_;
  }
  int64_t needed_end = tail + bytes + kBlankBytes;
  if (!fits && tail % options_.file_bytes != 0) {
    needed_end += options_.file_bytes - tail % options_.file_bytes;
  }
  // Somewhat more, as the background thread is late. In the last megabytes of a disk that may fail
  // where one record still fits.
  const bool writes_zeros = options_.zeros == Zeros::kInCache && bytes < kLargeAppendBytes;
  const auto reserve = writes_zeros ? &Segment::reserveWritten : &Segment::reserve;
  if (reserveAhead(std::max(needed_end, tail + kRoomStep), reserve).ok()) {
    return Status::ok();
  }
  return reserveAhead(needed_end, &Segment::reserve).status();
}

/// Has blocks reserved from the tail to `wanted_end`, in this file and the next, and makes sure
/// that the next file exists.
Result<int64_t> CommitLog::reserveAhead(int64_t wanted_end, Reserve reserve) {
  MutexLock room_lock(room_mutex_);
  std::shared_ptr<Segment> active;
  std::shared_ptr<Segment> next;
  int64_t tail = 0;
  {
    MutexLock lock(append_mutex_);
    active = active_;
    next = next_;
    tail = tail_;
  }
  int64_t next_base = tail;
  if (active != nullptr) {
    next_base = active->end();
    const int64_t position = tail - active->base();
    ROCKETMQ_RETURN_IF_ERROR(reserveIn(*active, position, wanted_end - active->base(), reserve));
  }
  const int64_t in_next = std::clamp<int64_t>(wanted_end - next_base, 0, options_.file_bytes);
  ROCKETMQ_RETURN_IF_ERROR(next == nullptr ? makeNext(next_base, in_next, reserve)
                                           : std::invoke(reserve, *next, 0, in_next));
  return std::min(wanted_end, next_base + options_.file_bytes);
}

Status CommitLog::reserveIn(Segment& segment, int64_t from, int64_t to, Reserve reserve) {
  reserving_.store(true, std::memory_order_release);
  const Status reserved = std::invoke(reserve, segment, from, to);
  reserving_.store(false, std::memory_order_release);
  return reserved;
}

Status CommitLog::makeNext(int64_t base, int64_t reserve_bytes, Reserve reserve) {
  ROCKETMQ_ASSIGN_OR_RETURN(std::shared_ptr<Segment> made, segments_.create(base));
  Status status = std::invoke(reserve, *made, 0, reserve_bytes);
  if (status.isOk()) {
    status = files_.syncDirectory(options_.dir);
  }
  auto mapping = made->map();
  if (status.isOk()) {
    status = mapping.status();
  }
  if (!status.isOk()) {
    const Status removed = made->remove();
    return removed.isOk() ? status : status.withContext(removed.message());
  }
  // For those who read close behind large appends, which prefault nothing.
  (*mapping)->endReadAhead(0);
  MutexLock lock(append_mutex_);
  next_ = std::move(made);
  next_mapping_ = std::move(*mapping);
  return Status::ok();
}

void CommitLog::keepRoomAhead() {
  const int64_t tail = maxOffset();
  const int64_t ahead =
      options_.reserve_ahead_bytes * (appends_are_large_ ? kLargeAppendsReserve : 1);
  // In large steps: a reservation per megabyte would only fragment the file.
  if (roomy_to_ < tail + ahead / 2) {
    const auto reserved = reserveAhead(tail + reservable(ahead), &Segment::reserveBlocks);
    if (!reserved && !room_failed_) {
      log::warn("cannot prepare more room for the commit log: {}", reserved.status().message());
    }
    room_failed_ = !reserved;
    roomy_to_ = reserved ? *reserved : tail;
  }
  openRoomAhead();
  int64_t step = options_.prefault_bytes / 4;
  if (appends_are_large_) {
    step = options_.prefault_bytes;
  } else if (options_.zeros == Zeros::kOnDisk) {
    step = kZerosStep;  // One piece after the other would keep the disk from the syncs.
  }
  wake_at_.store(tail + step, std::memory_order_relaxed);
  prefaultAhead();
  releaseOldPages();
}

int64_t CommitLog::reservable(int64_t wanted) const {
  const auto space = files_.space(options_.dir);
  return space ? std::min(wanted, space->available_bytes / kReservePartOfFree) : wanted;
}

/// Lets appends go on where blocks are reserved: behind zeros, or at once while appends are large,
/// which make large pages themselves and much that would be written twice. What fails here fails
/// again, and is told, where blocks are reserved.
void CommitLog::openRoomAhead() {
  if (appends_are_large_) {
    (void)reserveAhead(roomy_to_, &Segment::reserve);
    return;
  }
  const int64_t step = options_.zeros == Zeros::kInCache ? kCachedZerosStep : kZerosStep;
  for (;;) {
    const int64_t tail = maxOffset();
    const int64_t from = std::max(zeros_to_, tail);
    if (from >= std::min(tail + options_.zero_ahead_bytes, roomy_to_)) {
      return;
    }
    const auto reserved = reserveAhead(std::min(from + step, roomy_to_), &Segment::reserveWritten);
    if (!reserved) {
      return;
    }
    zeros_to_ = *reserved;
  }
}

/// Appends and readers leave pages behind: those of the tail's wake go step by step, all of them
/// now and then.
void CommitLog::releaseOldPages() {
  const int64_t keep_from = maxOffset() - options_.keep_mapped_bytes;
  const auto now = std::chrono::steady_clock::now();
  const bool all = now - released_at_ >= kRoomPause;
  if (!all && keep_from - released_to_ < options_.prefault_bytes) {
    return;
  }
  for (const auto& segment : segments_.all()) {
    if (all || segment->end() > released_to_) {
      segment->releaseBefore(keep_from - segment->base());
    }
  }
  released_to_ = keep_from;
  released_at_ = all ? now : released_at_;
}

/// Makes the pages present that appends will fill next, as far as their blocks are reserved.
void CommitLog::prefaultAhead() {
  struct Part {
    std::shared_ptr<Segment> segment;
    std::shared_ptr<MappedFile> mapping;
  };
  Part parts[2];
  int64_t from = 0;
  int64_t to = 0;
  {
    MutexLock lock(append_mutex_);
    if (appendsAreLarge()) {
      return;
    }
    parts[0] = {active_, active_mapping_};
    parts[1] = {next_, next_mapping_};
    from = std::max(tail_, prefaulted_to_);
    to = tail_ + options_.prefault_bytes;
  }
  for (const auto& [segment, mapping] : parts) {
    if (segment == nullptr) {
      continue;
    }
    const int64_t begin = std::max(from - segment->base(), int64_t{0});
    const int64_t end = std::min(to - segment->base(), segment->reservedTo());
    if (begin < end) {
      mapping->prefault(begin, end - begin);
      MutexLock lock(append_mutex_);
      prefaulted_to_ = segment->base() + end;
    }
  }
}

/// Whether most bytes since the last call came by large appends; while there are none, as before.
bool CommitLog::appendsAreLarge() {
  const int64_t all = tail_ - std::exchange(seen_tail_, tail_);
  const int64_t large = std::exchange(large_bytes_, 0);
  if (all > 0) {
    appends_are_large_ = 2 * large > all;
  }
  return appends_are_large_;
}

int64_t CommitLog::minOffset() const {
  const auto first = segments_.first();
  return first == nullptr ? maxOffset() : first->base();
}

Result<LogView> CommitLog::read(int64_t offset) const {
  const int64_t end = maxOffset();
  if (offset < 0 || offset >= end) {
    return LogView{};
  }
  const auto segment = segments_.find(offset);
  if (segment == nullptr) {
    return LogView{};
  }
  if (!is_recovered_ && read_last_ != segment) {
    if (read_last_ != nullptr) {
      read_last_->unmap();
    }
    read_last_ = segment;
    ROCKETMQ_ASSIGN_OR_RETURN(is_last_empty_, segments_.isZero(*segment));
  }
  auto mapping = segment->map();
  if (!mapping) {
    if (segments_.find(offset) != segment) {
      return LogView{};  // Retention has just taken it.
    }
    static LogLimiter limiter(1);
    limiter.error("cannot read the commit log: {}", mapping.status().message());
    return mapping.status();
  }
  const bool is_empty = !is_recovered_ && is_last_empty_;
  const int64_t readable = is_empty ? 0 : std::min(end, segment->end()) - segment->base();
  const std::string_view bytes((*mapping)->data(), static_cast<size_t>(readable));
  return LogView{.owner = std::move(*mapping),
                 .base = segment->base(),
                 .file_end = segment->end(),
                 .bytes = bytes};
}

CommitLog::Mark CommitLog::appendedTo() const {
  // In this order the end is not before that of the record whose time it is.
  const TimestampMs newest_ms = newest_ms_.load(std::memory_order_acquire);
  return {.end = maxOffset(), .store_timestamp_ms = newest_ms};
}

CommitLog::Mark CommitLog::appendedToWholePages() {
  MutexLock lock(append_mutex_);
  return whole_pages_;
}

Status CommitLog::sync(int64_t end) {
  int64_t from = flushedOffset();
  while (from < end) {
    const auto segment = segments_.find(from);
    if (segment == nullptr) {
      // Retention has taken the file: nobody can ask for these bytes again.
      from = std::max(from + 1, std::min(end, minOffset()));
      continue;
    }
    const int64_t to = std::min(end, segment->end());
    const bool is_in_use = segment->isMapped();
    ROCKETMQ_ASSIGN_OR_RETURN(const std::shared_ptr<MappedFile> mapping, segment->map());
    ROCKETMQ_RETURN_IF_ERROR(mapping->sync(from - segment->base(), to - from));
    if (!is_in_use) {
      segment->unmap();  // Recovery syncs more of them than a process may open.
    }
    from = to;
  }
  flushed_.store(std::max(end, flushedOffset()), std::memory_order_release);
  return Status::ok();
}

}  // namespace rocketmq::store

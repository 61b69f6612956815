#include "store/retention/retention.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <limits>
#include <string_view>
#include <utility>

#include "common/local_time.h"
#include "common/log.h"

namespace rocketmq::store {
namespace {

constexpr int64_t kPassesByHand = 20;
constexpr int64_t kMsPerHour = 3'600'000;
/// The disk is checked again when the log has grown by this part of what was left, as queues and
/// index grow with it, and by no less than this.
constexpr int64_t kCheckPart = 8;
constexpr int64_t kCheckBytesMin = 256 << 10;
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

}  // namespace

void Retention::start() {
  worker_.start("StoreClean", [this] {
    const std::chrono::milliseconds interval(options_.interval_ms);
    Time now = std::chrono::steady_clock::now();
    Time look_at = now + interval;
    Time remove_at = now;
    bool has_more = false;
    while (worker_.pause((has_more ? std::min(look_at, remove_at) : look_at) - now)) {
      now = std::chrono::steady_clock::now();
      if (now >= look_at) {
        look();
        look_at = now + interval;
      } else if (check_is_asked_.exchange(false)) {
        checkDisk();
      }
      if (now >= remove_at) {
        const auto pause = removeNext(now);
        has_more = pause.has_value();
        remove_at = now + pause.value_or(std::chrono::milliseconds(0));
      }
    }
  });
}

void Retention::stop() {
  worker_.stop();
  if (const Status removed = removeAll(); !removed.isOk()) {
    log::warn("cannot remove old files: {}", removed.message());
  }
}

void Retention::look() {
  checkDisk();
  if (const Status cleaned = clean(urgency(), parts_.live.all()->delete_files_max);
      !cleaned.isOk()) {
    log::warn("cannot remove old files: {}", cleaned.message());
  }
}

void Retention::askForCheck() {
  check_at_.store(kNever, std::memory_order_relaxed);
  check_is_asked_.store(true);
  worker_.wake();
}

double Retention::diskUsedRatio() const { return diskUse(1.0).ratio; }

Retention::DiskUse Retention::diskUse(double level) const {
  DiskUse use{.spare_bytes = kNever};
  for (const std::string& path : {parts_.log.dir(), options_.root_dir}) {
    if (const auto space = parts_.files.space(path)) {
      const auto all = static_cast<double>(space->used_bytes + space->available_bytes);
      const auto usable = static_cast<int64_t>(all * level);
      use.ratio = std::max(use.ratio, space->usedRatio());
      use.spare_bytes = std::min(use.spare_bytes, usable - space->used_bytes);
    }
  }
  return use;
}

void Retention::checkDisk() {
  const auto live = parts_.live.all();
  const int64_t log_end = parts_.log.maxOffset();
  const auto [ratio, spare_bytes] = diskUse(live->disk_warning_ratio);
  const int64_t step = std::max(spare_bytes / kCheckPart, kCheckBytesMin);
  check_at_.store(log_end + step, std::memory_order_relaxed);
  const bool was_full = parts_.state.has(RunState::kDiskFull);
  if (ratio > live->disk_warning_ratio) {
    if (!was_full) {
      log::error("the disk is used to {:.1f} %, messages are refused", ratio * 100);
    }
    parts_.state.set(RunState::kDiskFull);
  } else if (was_full && ratio <= live->disk_clean_forcibly_ratio) {
    log::info("the disk is used to {:.1f} %, messages are taken again", ratio * 100);
    parts_.state.clear(RunState::kDiskFull);
  }
}

Retention::Urgency Retention::urgency() const {
  const auto live = parts_.live.all();
  const double ratio = diskUsedRatio();
  const double wanted_max = std::clamp(live->disk_used_percent_max, 10, 95) / 100.0;
  const bool is_critical =
      ratio > std::min(live->disk_warning_ratio, live->disk_clean_forcibly_ratio);
  if (is_critical && live->clean_file_forcibly) {
    return Urgency::kAny;
  }
  return is_critical || ratio > wanted_max || isDeleteHour(live->delete_when) ? Urgency::kExpired
                                                                              : Urgency::kNone;
}

/// `hours`: "04" or "04;16".
bool Retention::isDeleteHour(const std::string& hours) const {
  const std::tm local = localTime(parts_.clock.nowMs());
  std::string_view rest = hours;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(';'), rest.size());
    int hour = -1;
    const auto [parsed_to, error] = std::from_chars(rest.data(), rest.data() + end, hour);
    if (error == std::errc() && parsed_to == rest.data() + end && hour == local.tm_hour) {
      return true;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

Status Retention::cleanNow() {
  const int64_t files_max = kPassesByHand * parts_.live.all()->delete_files_max;
  ROCKETMQ_RETURN_IF_ERROR(clean(std::max(urgency(), Urgency::kExpired), files_max));
  return removeAll();
}

Status Retention::clean(Urgency urgency, int64_t files_max) {
  MutexLock lock(clean_mutex_);
  if (urgency != Urgency::kNone) {
    ROCKETMQ_ASSIGN_OR_RETURN(const int64_t offset, removableTo(urgency, files_max));
    if (offset > parts_.log.minOffset()) {
      // The log is what else tells of the offsets of a queue whose files are lost.
      parts_.queue_flusher.saveEndsBefore(offset);
    }
    takeLogBefore(offset);
  }
  return trimFollowers();
}

Result<int64_t> Retention::removableTo(Urgency urgency, int64_t files_max) const {
  const int64_t reserved_ms = parts_.live.all()->file_reserved_hours * kMsPerHour;
  const int64_t settled = std::min(parts_.log.flushedOffset(), parts_.dispatcher.dispatchedTo());
  const auto segments = parts_.log.segments();
  const auto count = std::min(segments.size(), static_cast<size_t>(files_max) + 1);
  int64_t offset = parts_.log.minOffset();
  for (size_t i = 0; i + 1 < count; ++i) {
    if (segments[i]->end() > settled) {
      break;
    }
    if (urgency != Urgency::kAny) {
      ROCKETMQ_ASSIGN_OR_RETURN(const auto info, parts_.files.info(segments[i]->path()));
      if (info && info->modified_ms + reserved_ms >= parts_.clock.nowMs()) {
        break;
      }
    }
    offset = segments[i]->end();
  }
  return offset;
}

void Retention::takeLogBefore(int64_t offset) {
  const auto taken = parts_.log.takeBefore(offset);
  // The listener may be reading properties in these files.
  parts_.dispatcher.waitForBatch();
  parts_.arrivals.waitUntilTold();
  log_files_.insert(log_files_.end(), taken.begin(), taken.end());
}

/// Queues and index files follow the log's start.
Status Retention::trimFollowers() {
  const int64_t log_min = parts_.log.minOffset();
  if (trimmed_to_ == log_min) {
    return Status::ok();
  }
  std::deque<std::shared_ptr<ConsumeQueue>> trimmed;
  parts_.queue_flusher.moveBegins([&] {
    for (const auto& queue : parts_.queues.all()) {
      if (queue->trimBefore(log_min)) {
        trimmed.push_back(queue);
      }
    }
  });
  queues_ = std::move(trimmed);
  are_begins_saved_ = false;
  ROCKETMQ_RETURN_IF_ERROR(parts_.index.removeBefore(log_min));
  trimmed_to_ = log_min;
  return Status::ok();
}

std::optional<std::chrono::milliseconds> Retention::removeNext(Time now) {
  const auto live = parts_.live.all();
  MutexLock lock(clean_mutex_);
  if (now < try_again_at_) {
    return std::nullopt;
  }
  int32_t pause_ms = live->delete_log_files_pause_ms;
  Result<bool> removed = removeLogFile();
  if (removed.ok() && !*removed) {
    pause_ms = live->delete_queue_files_pause_ms;
    removed = removeQueueFile();
  }
  if (!removed.ok()) {
    log::warn("an old file stays for now: {}", removed.status().message());
    try_again_at_ = now + std::chrono::milliseconds(live->delete_again_interval_ms);
    return std::nullopt;
  }
  return *removed ? std::optional(std::chrono::milliseconds(pause_ms)) : std::nullopt;
}

Status Retention::removeAll() {
  MutexLock lock(clean_mutex_);
  for (bool has_more = true; has_more;) {
    ROCKETMQ_ASSIGN_OR_RETURN(has_more, removeLogFile());
  }
  for (bool has_more = true; has_more;) {
    ROCKETMQ_ASSIGN_OR_RETURN(has_more, removeQueueFile());
  }
  return Status::ok();
}

Result<bool> Retention::removeLogFile() {
  if (log_files_.empty()) {
    return false;
  }
  ROCKETMQ_RETURN_IF_ERROR(log_files_.front()->remove());
  log::info("removed old commit log file {}", log_files_.front()->path());
  log_files_.pop_front();
  return true;
}

Result<bool> Retention::removeQueueFile() {
  // Not before the log's files have gone: a full disk may have room for the ends by now.
  if (!queues_.empty() && !std::exchange(are_begins_saved_, true)) {
    parts_.queue_flusher.saveBegins();
  }
  while (!queues_.empty()) {
    auto queue = std::move(queues_.front());
    queues_.pop_front();
    const auto removed = queue->removeTrimmed();
    if (!removed.ok()) {
      queues_.push_back(std::move(queue));  // The others first.
      return removed.status();
    }
    if (*removed) {
      queues_.push_front(std::move(queue));
      return true;
    }
  }
  return false;
}

}  // namespace rocketmq::store

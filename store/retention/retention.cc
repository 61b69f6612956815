#include "store/retention/retention.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <string_view>

#include "common/log.h"

namespace rocketmq::store {
namespace {

constexpr size_t kFilesPerPass = 10;
constexpr size_t kFilesPerManualPass = 200;
constexpr int64_t kMsPerHour = 3'600'000;

}  // namespace

void Retention::start() {
  worker_.start("StoreClean", [this] {
    while (worker_.pause(std::chrono::milliseconds(options_.interval_ms))) {
      checkDisk();
      if (const Status cleaned = clean(urgency(), kFilesPerPass); !cleaned.isOk()) {
        log::warn("cannot remove old files: {}", cleaned.message());
      }
    }
  });
}

double Retention::diskUsedRatio() const {
  double ratio = 0.0;
  for (const std::string& path : {parts_.log.dir(), options_.root_dir}) {
    if (const auto space = parts_.files.space(path)) {
      ratio = std::max(ratio, space->usedRatio());
    }
  }
  return ratio;
}

void Retention::checkDisk() {
  const auto live = parts_.live.all();
  const double ratio = diskUsedRatio();
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
  const std::time_t now = parts_.clock.nowMs() / 1000;
  std::tm local{};
  ::localtime_r(&now, &local);
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
  return clean(std::max(urgency(), Urgency::kExpired), kFilesPerManualPass);
}

Status Retention::clean(Urgency urgency, size_t files_max) {
  MutexLock lock(clean_mutex_);
  if (urgency != Urgency::kNone) {
    ROCKETMQ_ASSIGN_OR_RETURN(const int64_t offset, removableTo(urgency, files_max));
    ROCKETMQ_RETURN_IF_ERROR(removeLogBefore(offset));
  }
  return trimFollowers();
}

Result<int64_t> Retention::removableTo(Urgency urgency, size_t files_max) const {
  const int64_t reserved_ms = parts_.live.all()->file_reserved_hours * kMsPerHour;
  const int64_t settled = std::min(parts_.log.flushedOffset(), parts_.dispatcher.dispatchedTo());
  const auto segments = parts_.log.segments();
  int64_t offset = parts_.log.minOffset();
  for (size_t i = 0; i + 1 < segments.size() && i < files_max; ++i) {
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

Status Retention::removeLogBefore(int64_t offset) {
  const auto removed = parts_.log.takeBefore(offset);
  // The listener may be reading properties in these files.
  parts_.dispatcher.waitForBatch();
  parts_.arrivals.waitUntilTold();
  for (const auto& segment : removed) {
    log::info("removing old commit log file {}", segment->path());
    ROCKETMQ_RETURN_IF_ERROR(segment->remove());
  }
  return Status::ok();
}

/// Queues and index files follow the log's start.
Status Retention::trimFollowers() {
  const int64_t log_min = parts_.log.minOffset();
  if (trimmed_to_ == log_min) {
    return Status::ok();
  }
  for (const auto& queue : parts_.queues.all()) {
    ROCKETMQ_RETURN_IF_ERROR(queue->trimBefore(log_min));
  }
  ROCKETMQ_RETURN_IF_ERROR(parts_.index.removeBefore(log_min));
  trimmed_to_ = log_min;
  return Status::ok();
}

}  // namespace rocketmq::store

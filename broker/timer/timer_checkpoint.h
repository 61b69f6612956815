#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/status.h"

namespace rocketmq::broker {

/// How far timers have come.
struct TimerProgress {
  /// Every slot before this time has been delivered.
  TimestampMs read_ms = 0;
  /// In the slot at read_ms, the messages up to this log offset have been delivered as well.
  int64_t done_offset = -1;
  /// Queue offset in rmq_sys_wheel_timer up to which messages have been put into slots.
  int64_t queue_offset = 0;
  /// The log holds what was delivered only if it reaches to here.
  int64_t log_end = 0;
  /// Of what is before queue_offset, a timer log that reaches to here has all that was not
  /// delivered as it was read. -1: not known.
  int64_t timer_log_end = -1;

  bool operator==(const TimerProgress&) const = default;
};

/// RocketMQ's file config/timercheck, and behind RocketMQ's 56 bytes what only this broker writes.
///
/// Two progresses are kept: the newest, which holds when the log has come through whole, and one
/// whose deliveries are known to be on the disk, which holds in any case. RocketMQ reads the second
/// one. So a killed process repeats at most what it did since the last write, and a power cut never
/// makes a broker believe in deliveries that it has taken.
///
/// Threads: one at a time.
struct TimerCheckpoint {
  TimerProgress newest;
  TimerProgress safe;

  /// `precision_ms`: RocketMQ's time is on the grid of it.
  std::string encode(int64_t precision_ms) const;

  /// Corruption: shorter than RocketMQ's part. A file that RocketMQ has written since, or without
  /// our part, has one progress.
  static Result<TimerCheckpoint> decode(std::string_view bytes);

  /// The one to go on from with a log that ends at `log_end`.
  const TimerProgress& usable(int64_t log_end) const {
    return log_end >= newest.log_end ? newest : safe;
  }
};

/// The file. Not synced: see TimerCheckpoint.
class TimerCheckpointFile {
 public:
  static Result<TimerCheckpointFile> open(FileSystem& files, const std::string& path);

  /// nullopt for a new file. One that cannot be read counts as new, and that is logged.
  Result<std::optional<TimerCheckpoint>> load() const;
  Status save(const TimerCheckpoint& checkpoint, int64_t precision_ms);

 private:
  explicit TimerCheckpointFile(std::unique_ptr<RandomFile> file) : file_(std::move(file)) {}

  std::unique_ptr<RandomFile> file_;
};

}  // namespace rocketmq::broker

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/status.h"

namespace rocketmq::broker {

/// One pending timer in the timer log: which slot it is due in, and where its message is.
struct TimerUnit {
  int64_t previous = -1;       ///< Position of the unit before it in its slot; -1 for the first.
  TimestampMs slot_ms = 0;     ///< Its slot.
  TimestampMs written_ms = 0;  ///< When it was put there.
  int64_t physical_offset = 0;
  int32_t record_bytes = 0;
  int32_t topic_hash = 0;  ///< javaHash() of the real topic.
  bool rolls = false;      ///< Not due yet in this slot: goes round once more.
  bool deletes = false;    ///< Recalls another message.
};

/// The hash code of a Java string of ASCII letters.
int32_t javaHash(std::string_view text);

/// RocketMQ's timer log: 52 bytes per pending timer, in files of one size that are named after the
/// position of their first byte. The units of a slot are linked from the last to the first.
///
/// Life:       open() -> scan() once, which finds the end -> the rest.
/// Threads:    one at a time.
/// Durability: none of its own. Whatever is missing at the end is made again from the queue of
///             rmq_sys_wheel_timer, so it is never synced.
/// Memory:     one block of 64 KiB for reading, what append() has gathered since flush(), and one
///             open file; nothing is mapped.
class TimerLog {
 public:
  static constexpr int64_t kUnitBytes = 52;

  /// Io: the folder cannot be used. Corruption: file names that cannot be.
  static Result<std::unique_ptr<TimerLog>> open(FileSystem& files, std::string folder,
                                                int64_t file_bytes);

  /// Calls `visit(position, unit)` for every unit from the oldest on until it returns false or
  /// something stands there that is no unit; the log ends there from now on, and the rest is
  /// cleared.
  Status scan(const std::function<bool(int64_t, const TimerUnit&)>& visit);

  /// The position at which the unit will be. It can be read once flush() has returned OK.
  int64_t append(const TimerUnit& unit);

  /// Writes what was appended. After a failure it is still there to be written by the next call.
  Status flush();

  /// Corruption when no unit is there.
  Result<TimerUnit> at(int64_t position) const;

  /// Removes the oldest files in which every unit's slot is before `time`, never the last. RocketMQ
  /// keeps them until the commit log has lost the messages, which helps nobody: what is delivered
  /// is never looked for here again.
  Status removeFiles(TimestampMs time);

  int64_t end() const { return end_; }

 private:
  TimerLog(FileSystem& files, std::string folder, int64_t file_bytes)
      : files_(files), folder_(std::move(folder)), file_bytes_(file_bytes) {}

  int64_t fileOf(int64_t position) const { return position / file_bytes_ * file_bytes_; }
  std::string pathOf(int64_t file) const;
  /// The open file; the one opened last stays open.
  Result<RandomFile*> fileAt(int64_t file) const;
  Result<RandomFile*> createFile(int64_t file);
  /// `bytes` bytes at a position, out of the block that holds them.
  Result<std::string_view> bytesAt(int64_t position, int64_t bytes) const;
  /// Whether a file has no room for one more unit there.
  bool isAtFileEnd(int64_t position) const;
  /// Clears everything from end_ on.
  Status cutTail();
  void noteSlot(int64_t position, TimestampMs slot_ms);

  FileSystem& files_;
  const std::string folder_;
  const int64_t file_bytes_;
  std::set<int64_t> present_;                       ///< First positions of the files that exist.
  std::map<int64_t, TimestampMs> latest_slots_ms_;  ///< Of the units in each file that has some.
  int64_t end_ = 0;
  std::string pending_;  ///< Bytes that belong at end_ - pending_.size().

  mutable std::unique_ptr<RandomFile> open_file_;
  mutable int64_t open_position_ = -1;
  mutable std::string block_;
  mutable int64_t block_position_ = -1;
};

}  // namespace rocketmq::broker

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/file_system.h"
#include "common/mutex.h"
#include "common/status.h"
#include "store/log/log_view.h"
#include "store/log/segment.h"
#include "store/queue/queue_unit.h"

namespace rocketmq::store {

/// The extension of one consume queue: a unit per message, whose address stands in the queue's
/// entry in the place of the tags code (RocketMQ: ConsumeQueueExt). Units say nothing that the
/// record in the log does not: whoever finds none at an address reads the record.
///
/// Threads:    as ConsumeQueue, whose part it is: one writer at a time; room is made under the
///             queue's room mutex; readers run beside both; flush and trimming by one thread.
/// Durability: none of its own. Files that are missing, torn or of another length are no fault:
///             the units in them are gone, and new ones go where no entry points yet.
/// Start:      costs nothing. Where the units end is found, from the last entry that holds an
///             address, when the first one is to be written, and what lies behind is cleared away
///             then. Where the extension has been off that is a read of the queue backwards.
class QueueExtension {
 public:
  struct Options {
    std::string dir;
    int64_t file_bytes = 0;
    int64_t unit_bytes_max = kUnitBytesMin;          ///< Of units that are written here.
    std::shared_ptr<MappingCount> mapped = nullptr;  ///< See Segment.
  };

  QueueExtension(FileSystem& files, Options options);

  // Writing.

  bool isEndKnown() const { return end_.load(std::memory_order_acquire) != kEndUnknown; }
  /// Which of the queue's entries holds the last address.
  struct LastAddress {
    int64_t address = 0;
    bool is_of_last_entry = false;
  };
  /// Before there is room: `last` is nullopt when no entry holds an address.
  Status findEnd(const std::optional<LastAddress>& last);

  bool hasRoom(int64_t count) const;
  /// Makes room for `count` units. ReadOnly: the disk is full. Precondition: the end is known.
  Status ensureRoom(int64_t count);

  /// Writes a unit and returns its address; nullopt when the stream has reached its last offset.
  /// Precondition: there is room.
  std::optional<int64_t> append(const QueueUnit& unit);

  // Recovery, or the queue's writer.

  /// The queue has been cut somewhere.
  void forgetEnd();
  /// Removes the files: no entry points here any more.
  Status drop();
  /// Gives up the mappings, beside readers and the flush. The next writer must make room again.
  void unmapAll();
  bool isMapped() const;

  // Reading.

  /// The file that holds the unit at `address`, up to its last unit as far as that is known; empty
  /// when there is none.
  LogView view(int64_t address) const;

  // Housekeeping: one thread.

  Status flush();
  /// No entry points before `address` any more: takes the files in front of it out of the stream,
  /// which the caller removes.
  std::vector<std::shared_ptr<Segment>> takeBefore(int64_t address);

 private:
  static constexpr int64_t kEndUnknown = -1;
  /// Far below the first offset whose address could be taken for a tags code, and above every file
  /// name that is valid.
  static constexpr int64_t kOffsetMax = int64_t{1} << 62;

  int64_t fileOf(int64_t offset) const {
    return offset / options_.file_bytes * options_.file_bytes;
  }
  /// Where `count` units of the largest size end that begin at `offset`.
  int64_t endOf(int64_t offset, int64_t count) const;
  /// Reads the folder, once. Files that do not fit are removed.
  void load() const;
  Status continueAt(int64_t offset);
  Status beginFileAt(int64_t base);
  Status removeFrom(int64_t offset);

  FileSystem& files_;
  const Options options_;

  mutable Mutex load_mutex_;
  mutable std::atomic<bool> is_loaded_{false};
  mutable SegmentSet segments_;

  std::atomic<int64_t> end_{kEndUnknown};
  std::atomic<int64_t> roomy_to_{0};
  std::atomic<int64_t> flushed_{0};
  SegmentCursor cursor_{segments_};  // Of the writer.
};

}  // namespace rocketmq::store

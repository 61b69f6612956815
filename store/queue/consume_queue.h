#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/file_system.h"
#include "common/mutex.h"
#include "common/status.h"
#include "store/log/segment.h"
#include "store/message_store.h"
#include "store/queue/queue_ends.h"
#include "store/queue/queue_entry.h"
#include "store/queue/queue_extension.h"

namespace rocketmq::store {

/// How much recovery believes of a queue's files.
enum class QueueScan : uint8_t {
  kTrusted,  ///< Stopped cleanly: look for the end by bisection.
  kCareful,  ///< Read the last three files entry by entry up to the first unwritten one.
};

/// Entries of a queue that lie in one file.
struct QueueRun {
  std::shared_ptr<const MappedFile> owner;  ///< Null: nothing is there.
  const char* data = nullptr;
  int64_t count = 0;

  QueueEntry at(int64_t index) const { return decodeQueueEntry(data + index * kQueueEntryBytes); }
  /// The bytes of the first few.
  std::string_view bytes(int64_t first) const {
    return {data, static_cast<size_t>(first * kQueueEntryBytes)};
  }
  /// All of the file up to the last of them.
  std::string_view file() const {
    return {owner->data(), static_cast<size_t>(data - owner->data() + count * kQueueEntryBytes)};
  }
};

/// What dispatch knows of a message beside its entry: for the unit in the extension.
struct UnitFacts {
  TimestampMs store_timestamp_ms = 0;
  std::string_view bit_map = {};  ///< Empty: none.
};

/// The messages of one (topic, queue id) in order: fixed-size entries that point into the log
/// (RocketMQ: ConsumeQueue). Offsets and counts here are entries, not bytes, unless they say so.
///
/// Threads:  one writer at a time: whoever holds the log's append mutex, or the dispatcher when
///           entries become visible only after a flush. nextOffset() is assigned under the append
///           mutex always. Reads run beside the writer without waiting for it.
/// Room:     as for the log, an entry is only written where hasRoom(): ensureRoom() makes files
///           and reserves blocks in small steps, without the append mutex.
/// Files:    sparse and mapped at first use; a queue that nobody touches holds no mapping.
class ConsumeQueue {
 public:
  struct Options {
    std::string dir;
    std::string topic;
    int32_t queue_id = 0;
    int64_t file_bytes = 0;  ///< A multiple of kQueueEntryBytes.
    /// nullopt: entries hold tags codes, and addresses found in them lead nowhere.
    std::optional<QueueExtension::Options> extension = {};
    std::shared_ptr<MappingCount> mapped = nullptr;  ///< See Segment.
  };

  ConsumeQueue(FileSystem& files, Options options);

  const std::string& topic() const { return options_.topic; }
  int32_t queueId() const { return options_.queue_id; }
  /// True once a message has been given a place in it, or files of it have been found.
  bool isUsed() const { return !segments_.empty() || nextOffset() > 0; }

  // Recovery: one thread, nobody else.

  Status load() { return segments_.load(); }
  /// Finds the end.
  Status recover(QueueScan scan);
  /// Takes over what is known to be on the disk, and of the files only looks at the last entry;
  /// `known.min` is for a log that begins at `log_min`, or for none that there is. False, and
  /// nothing is done, when the files do not reach from `known.min` to `known.max`, or that entry is
  /// another.
  Result<bool> recoverFrom(const QueueEnd& known, std::optional<int64_t> log_min);
  /// What the last file holds behind the end becomes zero.
  Status wipeBehindEnd();
  /// Removes the files, as if there had never been any.
  Status dropFiles() { return removeAndBeginAt(0); }
  /// Offsets below `offset` are never given again, though nothing is known of their messages.
  /// Entries that there are stay.
  Status skipTo(int64_t offset);
  /// Drops the entries of records that begin at or after `physical_offset`, with zeros left behind.
  Status truncateFrom(int64_t physical_offset);
  /// The same before the log is read again from there. When no entry is left the files go too:
  /// power loss may have taken earlier ones, whose entries would then be taken for known.
  Status prepareReplay(int64_t physical_offset);
  /// After it: a queue of which the log has shown nothing goes on where its files began.
  Status finishReplay();
  /// Log offset behind the record of the last entry; 0 without one.
  int64_t physicalEnd() const { return physical_end_; }
  /// Log offset of the first record that an entry names.
  std::optional<int64_t> physicalBegin() const;
  std::optional<QueueEntry> lastEntry() const;
  /// Gives up the mappings, which whoever needs them makes anew.
  void unmapAll();

  // Writing.

  /// Offset of the next message. Entries become visible in the same order, possibly later.
  int64_t nextOffset() const { return next_.load(std::memory_order_relaxed); }
  /// Hands out `count` offsets. Under the append mutex.
  void takeOffsets(int64_t count) { next_.store(nextOffset() + count, std::memory_order_relaxed); }

  bool hasRoom(int64_t count) const {
    return nextOffset() + count <= roomy_to_.load(std::memory_order_acquire) &&
           (extension_ == nullptr || extension_->hasRoom(count));
  }
  /// Makes room for the next `count` entries. ReadOnly: the disk is full. Closed: deleted.
  Status ensureRoom(int64_t count);

  /// Appends the entry of the message at maxOffset(), with its unit when there is an extension.
  /// Precondition: there is room.
  void append(const QueueEntry& entry, const UnitFacts& facts = {});

  /// Outcome of dispatch().
  enum class Placed : uint8_t {
    kAppended,
    kKnown,  ///< The queue has had it before.
    kGap,    ///< Entries in front of it are missing and `fill_gap` was false: nothing was done.
  };

  /// Puts the entry of a record that was found in the log at its offset. Places in front of it that
  /// the log does not know become pre-blank entries.
  Result<Placed> dispatch(int64_t queue_offset, const QueueEntry& entry, bool fill_gap,
                          const UnitFacts& facts = {});

  // Reading.

  /// Where its files begin; minOffset() lies in the first of them.
  int64_t firstIndex() const;
  int64_t minOffset() const { return min_.load(std::memory_order_acquire); }
  int64_t maxOffset() const { return end_.load(std::memory_order_acquire); }
  /// The visible entries from `index` to the end of their file; none where the queue has no file.
  /// Busy or Io, and a line in the log, when there is one that cannot be read now.
  Result<QueueRun> run(int64_t index) const;
  Result<std::optional<QueueEntry>> entryAt(int64_t index) const;
  /// The file of the extension that holds the unit at `address`; empty when there is none.
  LogView unitFile(int64_t address) const {
    return extension_ == nullptr ? LogView{} : extension_->view(address);
  }
  /// First offset of the file behind the one that holds `index`.
  int64_t nextFileOffset(int64_t index) const {
    const int64_t per_file = options_.file_bytes / kQueueEntryBytes;
    return (index / per_file + 1) * per_file;
  }

  // Repair, see QueueRepair.

  enum class Repair : uint8_t { kNone, kUnderWay, kDone, kDamagedAgain };
  Repair repair() const { return repair_.load(std::memory_order_acquire); }
  /// Goes on from one state to the next; true for the one caller who has done it.
  bool advanceRepair(Repair from, Repair to) { return repair_.compare_exchange_strong(from, to); }
  /// Whether `record`, a record's first kRecordHeadBytes bytes, is what the entry at `index` says.
  bool names(int64_t index, const QueueEntry& entry, const char* record) const;
  /// Puts another entry in the place of a visible one, beside the queue's writer and readers: who
  /// reads it meanwhile may see parts of both. Nothing is done when its file has gone.
  Status overwrite(int64_t index, const QueueEntry& entry);

  // Housekeeping: one thread.

  /// True when there are entries to flush, on at least `least_pages` dirty pages; 0: any.
  bool isDue(int32_t least_pages) const;
  /// Brings the entries to the disk.
  Status flush();

  /// What the flushes so far have made certain.
  QueueEnd flushedEnd() const {
    return {.min = minOffset(), .max = flushed_, .physical_end = flushed_physical_end_};
  }

  /// For a flush of many queues by one FileSystem::syncAll(): between the two calls the caller
  /// makes it. What is appended meanwhile is left to the next flush.
  /// The first returns what the second takes: how far the sync will reach.
  int64_t beginBulkFlush();
  void endBulkFlush(int64_t end) { noteFlushed(std::max(flushed_.load(), end)); }

  /// unmapAll() beside the queue's writer and readers. The caller holds off the dispatcher;
  /// `append_mutex` holds off whoever appends.
  void unmapAllAtWork(Mutex& append_mutex);
  /// True when the queue holds mappings and nobody has written or read it since the last call.
  bool isMappedInVain();
  bool isMapped() const;

  /// The log begins at `log_min` now: moves minOffset(), and takes the files out of the queue that
  /// only point before it (never the last). True when there are files for removeTrimmed().
  bool trimBefore(int64_t log_min);
  /// Removes one file that trimBefore() has taken out, the oldest first; after a failure it is
  /// still there for the next call. False when there is none.
  Result<bool> removeTrimmed();

  /// No more files from now on. Appends that have begun may still be under way.
  void markDeleted();
  bool isDeleted() const { return deleted_.load(std::memory_order_acquire); }

 private:
  static constexpr int64_t kUntrimmed = -1;

  std::optional<QueueEntry> rawEntryAt(int64_t index) const;
  /// An index in [low, high) with nothing but older entries in front of it, near the last of them.
  int64_t surelyBefore(int64_t physical_offset, int64_t low, int64_t high) const;
  /// Behind the last entry in [low, high) that names a record in front of the log offset; `low` if
  /// none does. What comes next may name none.
  int64_t behindLastBefore(int64_t physical_offset, int64_t low, int64_t high) const;
  /// The first entry in [index, high) that is not `unwanted`; `high` if none.
  template <class Predicate>
  int64_t skipWhile(int64_t index, int64_t high, Predicate unwanted) const;
  Result<int64_t> findEndTrusted() const;
  Result<int64_t> findEndCareful() const;
  /// Makes `end` the end: later files go.
  Status cutAt(int64_t end);
  Status cutAt(int64_t end, int64_t physical_end);
  /// The same, and what the file still holds behind it becomes zero.
  Status wipeFrom(int64_t end);
  Result<bool> endsAsKnown(const QueueEnd& known) const;
  int64_t physicalEndAt(int64_t end) const;
  void noteFlushed(int64_t end);
  void moveMin(int64_t log_min);
  /// What the entry holds when that is the address of a unit.
  std::optional<int64_t> unitAddressAt(int64_t index) const;
  Result<std::optional<QueueExtension::LastAddress>> lastUnitAddress() const;

  void forgetPlaces();
  Status roomFor(int64_t from, int64_t to);
  Status unitRoomFor(int64_t count);
  Status checkNotDeleted() const;
  Status removeAndBeginAt(int64_t index);
  Status fillTo(int64_t index);
  void write(const QueueEntry& entry);
  /// Retention has just taken the file, or the topic is being deleted.
  bool isGone(const Segment& segment) const;
  static void logUnreadable(const Status& status);

  FileSystem& files_;
  const Options options_;
  const bool is_light_;  // Its entries point at records of another topic (RocketMQ: LMQ).
  SegmentSet segments_;
  const std::unique_ptr<QueueExtension> extension_;  // Null: off.

  std::atomic<int64_t> next_{0};
  // Stored with release behind the entry's bytes.
  std::atomic<int64_t> end_{0};
  std::atomic<int64_t> min_{0};
  std::atomic<int64_t> roomy_to_{0};
  std::atomic<bool> deleted_{false};
  std::atomic<Repair> repair_{Repair::kNone};

  // Of the writer: where the log's part ends that the queue knows, and the place of end_.
  int64_t physical_end_ = 0;
  SegmentCursor cursor_{segments_};

  // Serialises makers of room and removals; only the file list's lock is taken under it.
  Mutex room_mutex_;
  std::deque<std::shared_ptr<Segment>> trimmed_ ROCKETMQ_GUARDED_BY(room_mutex_);

  mutable std::atomic<bool> was_read_{false};  // Since isMappedInVain().
  int64_t seen_end_ = 0;                       // By isMappedInVain().
  int64_t trimmed_to_ = 0;  // Of housekeeping: minOffset() is right for a log that begins here.
  int64_t begun_at_ = 0;    // Of recovery: the first index of files that prepareReplay() removed.

  // Of the flushing thread: entries on the disk, and where the record of the last of them ends.
  // The writer looks at the former, too.
  std::atomic<int64_t> flushed_{0};
  int64_t flushed_physical_end_ = 0;
};

}  // namespace rocketmq::store

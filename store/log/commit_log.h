#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/mutex.h"
#include "common/status.h"
#include "store/log/log_view.h"
#include "store/log/segment.h"
#include "store/worker.h"

namespace rocketmq::store {

/// A record ends at least this far from the end of its file: the room of a blank end record.
inline constexpr int64_t kBlankBytes = 8;

/// The append-only log that all topics share (RocketMQ: CommitLog).
///
/// Life:       load() -> recovery walks it and calls truncateTo() -> start() -> appends -> stop().
/// Threads:    appends are serialised by appendMutex(), a leaf lock held for the copy of one record
///             and its bookkeeping; nothing under it waits for the disk. Reads take no lock but the
///             file list's.
/// Room:       an appender may only write where blocks are reserved and pages are at hand. A
///             background thread keeps that true ahead of the tail: it makes the next file,
///             reserves blocks, writes zeros where that is asked for, and prefaults a few MiB,
///             unless appends are so large that they go by write(). When it has fallen behind (or
///             the disk is full) claim() says so and the appender calls makeRoom() without the
///             lock.
/// Durability: sync(); what lies between flushedOffset() and maxOffset() is lost by power loss.
class CommitLog {
 public:
  struct Options {
    std::string dir;
    int64_t file_bytes = 0;
    int64_t reserve_ahead_bytes = 64 << 20;
    int64_t prefault_bytes = 4 << 20;
    /// Up to so far ahead of the tail zeros are written.
    int64_t zero_ahead_bytes = 8 << 20;
    /// On the disk they make syncs cheaper, and every byte be written twice.
    Zeros zeros = Zeros::kInCache;
    /// So much behind the tail stays mapped; what lies further back is read through the system's
    /// cache and does not count as this process's memory for long.
    int64_t keep_mapped_bytes = 8 << 20;
  };

  /// Place for the next record, or records, of one append.
  struct Claim {
    char* at = nullptr;
    int64_t physical_offset = 0;
  };

  /// A point of the log and the store time of the newest record before it.
  struct Mark {
    int64_t end = 0;
    TimestampMs store_timestamp_ms = 0;
  };

  /// Opens the files that exist; the log reads as full to the end of the last one until
  /// truncateTo(). Corruption when the files do not fit the options.
  static Result<std::unique_ptr<CommitLog>> load(FileSystem& files, Options options);
  ~CommitLog();

  int64_t fileBytes() const { return options_.file_bytes; }
  const std::string& dir() const { return options_.dir; }

  /// What recovery has found out.
  struct Recovered {
    int64_t end = 0;            ///< After the last good record.
    int64_t flushed = 0;        ///< Everything below is certainly on the disk.
    TimestampMs newest_ms = 0;  ///< Store time of the last record.
  };

  /// Ends the log there: removes the files beyond and zeroes what is left behind the end in its
  /// file, so that nothing stale can ever follow a new record. Before start() only.
  Status truncateTo(const Recovered& recovered);

  void start();
  /// Ends the background thread and removes the file it made ahead.
  void stop();

  // Appending. All but makeRoom() under appendMutex().

  Mutex& appendMutex() ROCKETMQ_TSA(lock_returned(append_mutex_)) { return append_mutex_; }

  /// Room for `bytes` bytes, behind a blank end record in a new file when the current one has not
  /// got bytes + 8 left. nullopt: call makeRoom() without the lock and try again.
  /// Precondition: bytes + 8 <= fileBytes().
  std::optional<Claim> claim(int64_t bytes) ROCKETMQ_REQUIRES(append_mutex_);

  /// Copies the encoded records into the claimed place and makes them part of the log.
  void commit(const Claim& claim, std::string_view encoded, TimestampMs store_timestamp_ms)
      ROCKETMQ_REQUIRES(append_mutex_);

  /// Room for everything that is left of the current file, as claim(); a file to go on in is at
  /// hand then. For a replica, whose master says where a file ends.
  /// Precondition: the log is not empty.
  std::optional<Claim> claimRest() ROCKETMQ_REQUIRES(append_mutex_);

  /// Copies a blank end record with what follows it in the file, and goes on in the next file.
  void commitRest(const Claim& claim, std::string_view rest) ROCKETMQ_REQUIRES(append_mutex_);

  /// Makes an empty log begin at `offset`, a multiple of the file size. InvalidArgument when it is
  /// none or the log is not empty.
  Status beginAt(int64_t offset) ROCKETMQ_EXCLUDES(append_mutex_);

  /// Does in the foreground what the background thread should have done. ReadOnly: the disk is
  /// full.
  Status makeRoom(int64_t bytes) ROCKETMQ_EXCLUDES(append_mutex_);

  /// To be called after an append without the lock: has more room made when it gets scarce.
  void wakeIfRoomIsScarce();

  // Reading.

  int64_t minOffset() const;
  int64_t maxOffset() const { return end_.load(std::memory_order_acquire); }
  /// The file that holds `offset`; empty when there is none. Busy or Io, and a line in the log,
  /// when there is one that cannot be mapped. Until truncateTo() one file is mapped at a time:
  /// recovery may pass more of them than a process may open. And one without anything in it, as it
  /// is made ahead, has no bytes then: to read a hole through a mapping takes a block on some file
  /// systems, and kills the process when they are full.
  Result<LogView> read(int64_t offset) const;
  std::vector<std::shared_ptr<Segment>> segments() const { return segments_.all(); }

  // Flushing: one thread at a time.

  /// Waits for no append.
  Mark appendedTo() const;
  /// The last record's end that lies in front of the page appends go on in, or one before it.
  Mark appendedToWholePages() ROCKETMQ_EXCLUDES(append_mutex_);
  int64_t flushedOffset() const { return flushed_.load(std::memory_order_acquire); }
  /// Brings everything below `end` to the disk. A record ends there: recovery begins to read where
  /// a flush ended. After a failure the kernel may have dropped the bytes: never try again.
  Status sync(int64_t end);

  /// Takes files out of the log that end at or before `offset`, never the last.
  std::vector<std::shared_ptr<Segment>> takeBefore(int64_t offset) {
    return segments_.takeBefore(offset);
  }

 private:
  CommitLog(FileSystem& files, Options options);

  Status removeBeyond(int64_t end);
  /// Brings the bytes to their place. Their first eight come last.
  void fill(const Claim& claim, std::string_view bytes) ROCKETMQ_REQUIRES(append_mutex_);
  void writeBlank() ROCKETMQ_REQUIRES(append_mutex_);
  void switchToNext() ROCKETMQ_REQUIRES(append_mutex_);
  void keepRoomAhead();
  /// Segment::reserve() or one of its kin.
  using Reserve = Status (Segment::*)(int64_t from, int64_t to);
  /// Returns up to where that is done: `wanted_end` or the end of the next file.
  Result<int64_t> reserveAhead(int64_t wanted_end, Reserve reserve);
  Status reserveIn(Segment& segment, int64_t from, int64_t to, Reserve reserve);
  Status makeNext(int64_t base, int64_t reserve_bytes, Reserve reserve)
      ROCKETMQ_REQUIRES(room_mutex_);
  int64_t reservable(int64_t wanted) const;
  void openRoomAhead();
  void prefaultAhead();
  bool appendsAreLarge() ROCKETMQ_REQUIRES(append_mutex_);
  void releaseOldPages();

  FileSystem& files_;
  const Options options_;
  SegmentSet segments_;

  Mutex append_mutex_;
  int64_t tail_ ROCKETMQ_GUARDED_BY(append_mutex_) = 0;
  Mark whole_pages_ ROCKETMQ_GUARDED_BY(append_mutex_);
  int64_t large_bytes_ ROCKETMQ_GUARDED_BY(append_mutex_) = 0;  // See appendsAreLarge().
  int64_t prefaulted_to_ ROCKETMQ_GUARDED_BY(append_mutex_) = 0;
  // The file that holds the tail, null in an empty log, and the one after it once it is made.
  std::shared_ptr<Segment> active_ ROCKETMQ_GUARDED_BY(append_mutex_);
  std::shared_ptr<MappedFile> active_mapping_ ROCKETMQ_GUARDED_BY(append_mutex_);
  std::shared_ptr<Segment> next_ ROCKETMQ_GUARDED_BY(append_mutex_);
  std::shared_ptr<MappedFile> next_mapping_ ROCKETMQ_GUARDED_BY(append_mutex_);

  // Stored with release once the bytes are in place: who loads it with acquire may read every byte
  // below it.
  std::atomic<int64_t> end_{0};
  // Of recovery, alone until then.
  bool is_recovered_ = false;
  mutable std::shared_ptr<Segment> read_last_;
  mutable bool is_last_empty_ = false;
  // Of the last record; stored with release after its end.
  std::atomic<TimestampMs> newest_ms_{0};
  std::atomic<int64_t> flushed_{0};

  // Serialises those who make room; taken before append_mutex_.
  Mutex room_mutex_;
  std::atomic<int64_t> wake_at_{0};  // The tail at which more room is wanted.
  std::atomic<bool> reserving_{false};
  // Of the background thread.
  int64_t roomy_to_ = 0;  // Blocks are reserved to here.
  int64_t zeros_to_ = 0;  // And written to, where appends have not overtaken that.
  int64_t seen_tail_ = 0;
  bool appends_are_large_ = false;
  std::chrono::steady_clock::time_point released_at_;
  int64_t released_to_ = 0;
  bool room_failed_ = false;  // The failure has been logged.
  Worker room_worker_;
};

}  // namespace rocketmq::store

#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/message/record.h"
#include "common/status.h"
#include "store/offset_list.h"
#include "store/store_options.h"

namespace rocketmq::store {

class StoreFolder;

/// What became of a put (RocketMQ: PutMessageStatus).
enum class PutStatus : uint8_t {
  kOk,
  kMessageIllegal,       ///< Too large, topic too long, transaction type in a batch, ...
  kServiceNotAvailable,  ///< Read-only: disk full, failed disk, stopping.
  kPageCacheBusy,        ///< The append lock has been held too long; try again.
  kCreateFileFailed,     ///< The next log file could not be made.
};

/// Where a put landed. `physical_offsets` has one entry per message.
struct PutResult {
  PutStatus status = PutStatus::kOk;
  std::string detail;        ///< For people, when status is not kOk.
  int64_t queue_offset = 0;  ///< Of the first message.
  OffsetList physical_offsets;
  int64_t end_offset = 0;  ///< Log offset after the last byte; see whenFlushed().
  TimestampMs store_timestamp_ms = 0;
  int64_t duration_us = 0;  ///< Of the put, waiting for its turn included.

  bool ok() const { return status == PutStatus::kOk; }
};

/// Bytes of the log that stay valid as long as `owner` is held.
struct LogSlice {
  std::string_view bytes;
  std::shared_ptr<const void> owner;
};

/// Bytes of one file of the log, for who sends them on as they are; valid as long as `file` is
/// held.
struct LogPiece {
  std::string_view bytes;
  std::shared_ptr<const MappedFile> file;
};

/// Decides which messages of a queue a reader wants. Called under no lock, from the reading thread.
class MessageFilter {
 public:
  virtual ~MessageFilter() = default;
  /// By the consume queue's tag code; false skips the message without touching the log.
  virtual bool matchesTagsCode(int64_t tags_code) const = 0;
  /// The tags' hashes, ascending and each once, when it lets through messages with one of them and
  /// all of those; empty when it looks at something else.
  virtual std::span<const int64_t> onlyTagsCodes() const { return {}; }
  /// By the bit map that was computed when the message was dispatched (see BitMapSource); false
  /// skips it without touching the log.
  virtual bool matchesBitMap(int64_t /*physical_offset*/, std::string_view /*bit_map*/) const {
    return true;
  }
  /// By a new message's property string alone: does it concern a reader that waits?
  virtual bool matchesProperties(std::string_view /*properties*/) const { return true; }
  /// What that costs, in units of about 10 ns.
  virtual size_t steps() const { return 1; }
  /// By the record itself, for filters on properties.
  virtual bool matchesRecord(std::string_view /*record*/) const { return true; }
};

/// Outcome of a get (RocketMQ: GetMessageStatus).
enum class GetStatus : uint8_t {
  kFound,
  kNoMatchedMessage,     ///< Everything scanned was filtered out; go on at next_offset.
  kMessageWasRemoving,   ///< The log no longer has it; go on at next_offset.
  kOffsetFoundNull,      ///< A hole in the consume queue; go on at next_offset.
  kOffsetOverflowBadly,  ///< Offset beyond the end; next_offset is the end.
  kOffsetOverflowOne,    ///< Offset is the end: nothing new yet.
  kOffsetTooSmall,       ///< Below the first; next_offset is the first.
  kNoMatchedQueue,       ///< Nothing was ever written to this queue.
  kNoMessageInQueue,
  /// What the queue has there is damaged and is being repaired from the log, or the system lets
  /// nobody read it now: come again.
  kUnreadable,
  kWouldWait,  ///< It is on the disk, and the request does not want to wait; see no_wait.
};

struct GetRequest {
  std::string_view topic;
  int32_t queue_id = 0;
  int64_t offset = 0;
  int32_t messages_max = 32;
  int64_t bytes_max = 256 * 1024;         ///< One message is returned whatever its size.
  const MessageFilter* filter = nullptr;  ///< nullptr: everything.
  /// For threads that must not wait for a disk: ends with what is found up to the first entry or
  /// record that is not in the system's cache, or with kWouldWait when that is the first of all.
  bool no_wait = false;
};

struct GetResult {
  GetStatus status = GetStatus::kNoMatchedQueue;
  int64_t next_offset = 0;
  int64_t min_offset = 0;
  int64_t max_offset = 0;
  /// Whole records, in order; neighbours in the log share a slice.
  std::vector<LogSlice> slices;
  int32_t message_count = 0;
  int64_t bytes = 0;
  /// The reader is further behind than what memory holds (RocketMQ: suggestPullingFromSlave).
  bool suggest_slave = false;
  int64_t duration_us = 0;  ///< Of the get.
};

/// Which of several messages with a matching time offsetByTime() means.
enum class TimeBoundary : uint8_t {
  kLower,  ///< First message stored at or after the time; the end when there is none.
  kUpper,  ///< Last message stored at or before the time.
};

struct KeyQueryResult {
  std::vector<LogSlice> records;
  /// Newest entry of the index; both 0 without an index.
  TimestampMs index_updated_ms = 0;
  int64_t index_physical_offset = 0;
};

/// One entry of a consume queue.
struct QueueEntry {
  int64_t physical_offset = 0;
  int32_t record_bytes = 0;
  int64_t tags_code = 0;
};

/// One entry of a consume queue as it is on the disk, for people who look into it.
struct QueueEntryDetail {
  /// What the consume queue's extension has of the message (RocketMQ: CqExtUnit).
  struct Unit {
    int64_t tags_code = 0;
    TimestampMs store_timestamp_ms = 0;
    std::string bit_map;  ///< Empty: none was computed.
  };
  QueueEntry entry;          ///< With a unit's address in the place of the tags code.
  bool has_address = false;  ///< Whether it has one.
  std::optional<Unit> unit;  ///< Absent although there is an address: it is lost.
};

/// A message has become readable. Called by the dispatching thread in queue order, right after the
/// queue's end moved; must be quick and must not call back into the store.
struct Arrival {
  std::string_view topic;
  int32_t queue_id = 0;
  int64_t queue_offset = 0;  ///< Of the new message; the queue's end is one more.
  int64_t tags_code = 0;
  TimestampMs store_timestamp_ms = 0;
  std::string_view properties;
};
using ArrivalListener = std::function<void(const Arrival&)>;

/// Counters since start (RocketMQ: StoreStatsService).
struct StoreCounters {
  int64_t put_messages = 0;
  int64_t put_failures = 0;
  int64_t put_bytes = 0;
  int64_t put_max_us = 0;  ///< Longest put.
  int64_t get_max_us = 0;
  int64_t get_found = 0;  ///< Gets that returned messages.
  int64_t get_missed = 0;
  int64_t get_messages = 0;  ///< Messages handed out.
  /// Puts by duration: <=0, <10, <50, <100, <200, <500 ms, <1, <2, <3, <4, <5, <10 s, more.
  std::array<int64_t, 13> put_durations{};
};

/// The broker's store: one commit log, a consume queue per (topic, queue), a key index, a
/// checkpoint, in RocketMQ's file formats (RocketMQ: DefaultMessageStore).
///
/// Life:       lock() -> open() (recovers, starts the flush and index threads) -> close().
/// Threads:    any. Puts are serialised by one append lock; reads take no lock that a put holds
///             for longer than a look-up.
/// Durability: put() returning kOk means "in the page cache"; whenFlushed() tells about the disk.
/// Visibility: under async flush a message can be read when put() returns; under sync flush when
///             it has been flushed.
/// Failure:    the first failed write or sync makes the store read-only until restart; reads go on.
class MessageStore {
 public:
  /// Locks the folder of the options, so that no other process uses it, for open() of the same
  /// options. Whoever keeps more in that folder must not touch it before. Io: it cannot be used, or
  /// another process has it. InvalidArgument: the options cannot be.
  static Result<std::unique_ptr<StoreFolder>> lock(const StoreOptions& options,
                                                   FileSystem& files = posixFileSystem());

  /// Corruption: files that do not fit the options (for instance another file size). The message
  /// says what to do. `clock` and `files`, which are those of the lock, must outlive the store.
  static Result<std::unique_ptr<MessageStore>> open(std::unique_ptr<StoreFolder> folder,
                                                    StoreOptions options, const Clock& clock,
                                                    ArrivalListener on_arrival,
                                                    FileSystem& files = posixFileSystem());
  /// Both.
  static Result<std::unique_ptr<MessageStore>> open(StoreOptions options, const Clock& clock,
                                                    ArrivalListener on_arrival,
                                                    FileSystem& files = posixFileSystem());
  virtual ~MessageStore() = default;

  /// Appends one message. Uses every field of the record but queue_offset, physical_offset and
  /// store_timestamp_ms, which are assigned here.
  virtual PutResult put(const MessageRecord& message) = 0;

  /// Appends messages of one topic and queue: up to 1,024 of them with consecutive offsets, all or
  /// none. More go in pieces of so many, between which others may send to the queue, too; when the
  /// disk fails there, the pieces before it are stored, and the answer is that of the failure.
  virtual PutResult putBatch(std::span<const MessageRecord> messages) = 0;

  /// For a slave: continues the log with bytes of its master's, which begin at `offset`, the end of
  /// this log; an empty log may begin at any file. Takes the whole records at the front of `bytes`,
  /// and the end of a file once all of it is there, makes them visible as a put would, and returns
  /// how many bytes that were; what is left must come again with more behind it.
  /// Corruption: the bytes do not continue this log, nothing more was taken. ReadOnly, Io: the
  /// disk. One thread, and a store with is_replica only.
  virtual Result<int64_t> appendReplicated(int64_t offset, std::string_view bytes) = 0;

  /// For a master: what the log holds from `offset` on, at most `bytes_max` and to the end of the
  /// file; empty where the log holds nothing. Busy, Io: it cannot be read now.
  virtual Result<LogPiece> logBytes(int64_t offset, int64_t bytes_max) const = 0;

  /// Called after every append, under no lock, on the appending thread: must be quick. To be set
  /// before the first append.
  virtual void setAppendListener(std::function<void()> on_appended) = 0;

  /// Calls `done` with OK once everything below `end_offset` is on the disk; at once when it is
  /// there already. ReadOnly: a write or sync has failed, it may never be there; Timeout:
  /// `deadline` passed; Busy: too many wait; Closed: the store is. Called on a flush thread of the
  /// store: must be quick.
  using FlushDone = std::function<void(const Status& flushed)>;
  virtual void whenFlushed(int64_t end_offset, std::chrono::steady_clock::time_point deadline,
                           FlushDone done) = 0;

  virtual GetResult get(const GetRequest& request) = 0;

  /// First and one past the last readable offset; 0 and 0 for a queue that does not exist.
  virtual int64_t minOffset(std::string_view topic, int32_t queue_id) const = 0;
  virtual int64_t maxOffset(std::string_view topic, int32_t queue_id) const = 0;

  /// RocketMQ 5's rules: see TimeBoundary; clamped into [min, max]; 0 without such a queue. Busy,
  /// Io: what it takes to know cannot be read now.
  virtual Result<int64_t> offsetByTime(std::string_view topic, int32_t queue_id, TimestampMs time,
                                       TimeBoundary boundary) const = 0;

  /// Store time of the message at a queue offset; nullopt when it is not there, or cannot be read
  /// now.
  virtual std::optional<TimestampMs> storeTime(std::string_view topic, int32_t queue_id,
                                               int64_t queue_offset) const = 0;
  /// Store time of the oldest record of the log; nullopt for an empty log, or when that cannot be
  /// read now.
  virtual std::optional<TimestampMs> earliestStoreTime() const = 0;

  /// Whether the message at that offset exists and is recent enough to be served from memory.
  virtual bool isInMemory(std::string_view topic, int32_t queue_id, int64_t queue_offset) const = 0;

  /// The record that starts at `physical_offset`. NotFound: none does; Corruption: the file is not
  /// what it must be. Busy, Io: it cannot be read now and may well be there.
  virtual Result<LogSlice> recordAt(int64_t physical_offset) const = 0;

  /// Records whose index entry `topic#key` lies in [begin, end], newest files first, at most
  /// `messages_max`. Hash collisions are not filtered: callers compare keys.
  virtual KeyQueryResult queryByKey(std::string_view topic, std::string_view key,
                                    int32_t messages_max, TimestampMs begin,
                                    TimestampMs end) const = 0;

  /// Up to `count` consume-queue entries from `index` on, with the tags code that readers see. Ends
  /// in front of one that is damaged, until it has been repaired, and of one that cannot be read
  /// now: that there are none says nothing of an index that the queue has.
  virtual std::vector<QueueEntry> queueEntries(std::string_view topic, int32_t queue_id,
                                               int64_t index, int32_t count) const = 0;
  /// The same as they are on the disk (RocketMQ: QUERY_CONSUME_QUEUE).
  virtual std::vector<QueueEntryDetail> queueEntryDetails(std::string_view topic, int32_t queue_id,
                                                          int64_t index, int32_t count) const = 0;

  /// Forgets a topic's consume queues and removes their files. Its records stay in the log until
  /// retention takes them.
  virtual Status deleteTopic(const std::string& topic) = 0;
  /// Topics that have consume queues.
  virtual std::set<std::string> topics() const = 0;

  virtual int64_t commitLogMinOffset() const = 0;
  virtual int64_t commitLogMaxOffset() const = 0;
  /// What is appended from now on begins there or behind it. Waits for an append under way.
  virtual int64_t appendedOffset() const = 0;
  virtual int64_t flushedOffset() const = 0;
  /// Bytes of the log that consume queues do not show yet.
  virtual int64_t dispatchBehindBytes() const = 0;
  /// How long the append lock has been held now; 0 when free.
  virtual int64_t appendLockHeldMs() const = 0;
  /// Used part of the file system that holds the log, 0 to 1.
  virtual double diskUsedRatio() const = 0;
  /// Empty while the store accepts puts, else why it does not.
  virtual std::string readOnlyReason() const = 0;
  virtual StoreCounters counters() const = 0;

  /// Settings that may change at run time.
  virtual void updateOptions(const LiveStoreOptions& options) = 0;

  /// Removes expired files now (RocketMQ: DELETE_EXPIRED_COMMITLOG, CLEAN_EXPIRED_CONSUMEQUEUE).
  virtual Status cleanExpiredFiles() = 0;

  /// Refuses puts, flushes everything, writes the checkpoint, removes `abort`. Idempotent.
  virtual Status close() = 0;
};

}  // namespace rocketmq::store

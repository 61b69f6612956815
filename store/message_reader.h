#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "store/cached_pages.h"
#include "store/dispatch/dispatch_rules.h"
#include "store/live_settings.h"
#include "store/log/commit_log.h"
#include "store/message_store.h"
#include "store/queue/queue_table.h"
#include "store/repair/queue_repair.h"
#include "store/store_stats.h"

namespace rocketmq::store {

/// The way of messages out of the store. Copies nothing: what it returns are slices of the mapped
/// log. Threads: any, beside writers and retention.
class MessageReader {
 public:
  /// Borrowed for the reader's life.
  struct Parts {
    const CommitLog& log;
    const QueueTable& queues;
    const DispatchRules& rules;
    const LiveSettings& live;
    StoreStats& stats;
    const Clock& clock;
    QueueRepair& repair;
    int64_t physical_memory_bytes = 0;
  };

  explicit MessageReader(const Parts& parts) : parts_(parts) {}

  // See MessageStore for all of these.
  GetResult get(const GetRequest& request) const;
  int64_t minOffset(std::string_view topic, int32_t queue_id) const;
  int64_t maxOffset(std::string_view topic, int32_t queue_id) const;
  Result<int64_t> offsetByTime(std::string_view topic, int32_t queue_id, TimestampMs time,
                               TimeBoundary boundary) const;
  std::optional<TimestampMs> storeTime(std::string_view topic, int32_t queue_id,
                                       int64_t queue_offset) const;
  std::optional<TimestampMs> earliestStoreTime() const;
  bool isInMemory(std::string_view topic, int32_t queue_id, int64_t queue_offset) const;
  Result<LogSlice> recordAt(int64_t physical_offset) const;
  Result<LogPiece> logBytes(int64_t offset, int64_t bytes_max) const;
  std::vector<QueueEntry> queueEntries(std::string_view topic, int32_t queue_id, int64_t index,
                                       int32_t count) const;
  std::vector<QueueEntryDetail> queueEntryDetails(std::string_view topic, int32_t queue_id,
                                                  int64_t index, int32_t count) const;

 private:
  struct Visit {
    const std::shared_ptr<ConsumeQueue>& queue;
    ConsumeQueue::Repair repair;  ///< Of the queue, before the entry was read.
    int64_t index = 0;
    QueueEntry entry;
  };
  /// Calls `visitor(visit)` for up to `count` entries from `index` on, until it returns false.
  template <class Visitor>
  void visitEntries(std::string_view topic, int32_t queue_id, int64_t index, int32_t count,
                    Visitor visit) const;
  GetResult find(const GetRequest& request, std::chrono::steady_clock::time_point now) const;
  int64_t memoryBytes() const;
  /// Puts the tags code in the place of an address in consumequeue_ext: that of the unit, or of the
  /// record when there is no unit. Busy or Io when neither can be read now.
  Status resolveExtAddress(const ConsumeQueue& queue, QueueEntry& entry) const;
  /// The record that the entry at `index` names; Corruption when it names none, NotFound when the
  /// log no longer has it, Busy or Io when that cannot be read now.
  Result<MessageRecord> recordOf(const ConsumeQueue& queue, int64_t index,
                                 const QueueEntry& entry) const;
  /// Whether it names no record, although the log should have one.
  bool isDamaged(const ConsumeQueue& queue, int64_t index, const QueueEntry& entry) const;
  /// 0 when the entry or its record is gone; Busy or Io when one cannot be read now, as from all
  /// of these.
  Result<TimestampMs> storeTimeAt(const ConsumeQueue& queue, int64_t index) const;
  /// First of the entries from `index` to `end` whose message is there; `end` when there is none.
  Result<int64_t> firstWithTime(const ConsumeQueue& queue, int64_t index, int64_t end) const;
  /// Last of the entries from `index` down to `min` whose message is there; else `min`.
  Result<int64_t> lastWithTime(const ConsumeQueue& queue, int64_t index, int64_t min) const;
  /// First visible message stored at or after `time`; maxOffset() when there is none.
  Result<int64_t> firstStoredFrom(const ConsumeQueue& queue, TimestampMs time) const;

  const Parts parts_;
  mutable CachedPages cached_;
};

}  // namespace rocketmq::store

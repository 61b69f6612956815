#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "common/mutex.h"
#include "common/status.h"
#include "store/bit_map_source.h"
#include "store/dispatch/arrival_queue.h"
#include "store/dispatch/dispatch_rules.h"
#include "store/log/commit_log.h"
#include "store/log/record_walker.h"
#include "store/queue/deleted_topics.h"
#include "store/queue/queue_ends.h"
#include "store/queue/queue_table.h"

namespace rocketmq::store {

/// Brings records of the log into the consume queues (RocketMQ: ReputMessageService with
/// CommitLogDispatcherBuildConsumeQueue).
///
/// Under async flush the appending thread writes its queue entry itself and only reports how far
/// it got; under sync flush the flush thread calls dispatchTo() with the flushed offset. Recovery
/// dispatches records one by one.
/// A queue that the log goes on with at offset 0 was begun anew: its topic was deleted on the
/// master and made again. On a slave the queue it had then gives way. Of a record read again by
/// recovery that decides, as its offset may be damaged. Threads: one dispatching thread; the rest
/// from any.
class Dispatcher {
 public:
  /// Borrowed for the dispatcher's life.
  struct Parts {
    const CommitLog& log;
    QueueTable& queues;
    QueueEnds& ends;
    DeletedTopics& deleted;
    const DispatchRules& rules;
    ArrivalQueue& arrivals;
    const BitMapSource* bit_maps = nullptr;  ///< Null: the queues' units have no bit maps.
    bool is_replica = false;  ///< The log is a master's: it tells of topics that were made anew.
    /// After each batch of dispatchTo() and dispatch(); not of replay() and noteDispatched().
    std::function<void()> on_dispatched;
  };

  explicit Dispatcher(const Parts& parts)
      : parts_(parts),
        live_rule_(
            [is_replica = parts.is_replica](const auto&, const auto&) { return is_replica; }),
        bit_map_(parts.bit_maps == nullptr ? 0 : static_cast<size_t>(parts.bit_maps->bytes())) {}

  /// Whether a record with offset 0 begins its queue anew, which has entries in front of it.
  using BeginsAnew = std::function<Result<bool>(const MessageRecord&, const ConsumeQueue&)>;

  /// How dispatch() treats a record whose predecessors a queue lacks.
  enum class Gaps : uint8_t { kReport, kFill };

  /// For recovery: puts one record into its queue and tells nobody. False: there is a gap and
  /// `gaps` says to report it.
  Result<bool> replay(const MessageRecord& record, Gaps gaps, const BeginsAnew& begins_anew);

  /// Makes everything below `end` visible and tells the arrivals. What fails is tried again by the
  /// next call.
  Status dispatchTo(int64_t end);

  /// As dispatchTo() for records that the caller has decoded already, so that they are not read
  /// again: all that lie between dispatchedTo() and `end`, in the order of the log. What their
  /// views show need not live longer than the call.
  Status dispatch(std::span<const MessageRecord> records, int64_t end);

  /// Everything below is in the queues. Sequentially consistent, with noteDispatched(): the index
  /// thread decides by it whether it may sleep.
  int64_t dispatchedTo() const { return dispatched_.load(); }
  TimestampMs newestMs() const { return newest_ms_.load(std::memory_order_relaxed); }
  void noteDispatched(int64_t end, TimestampMs newest_ms) {
    newest_ms_.store(newest_ms, std::memory_order_relaxed);
    dispatched_.store(end);
  }

  /// Returns when a batch of dispatchTo() that may be under way is over.
  void waitForBatch() { MutexLock lock(batch_mutex_); }

  /// Runs `work` while no batch is under way.
  template <class Work>
  void betweenBatches(Work work) {
    MutexLock lock(batch_mutex_);
    work();
  }

 private:
  Result<bool> place(const MessageRecord& record, Gaps gaps, const BeginsAnew& begins_anew,
                     ArrivalQueue* arrivals) ROCKETMQ_REQUIRES(batch_mutex_);
  /// The record's queue, which it may begin anew; nullptr when it goes into none.
  Result<std::shared_ptr<ConsumeQueue>> queueFor(const MessageRecord& record,
                                                 const BeginsAnew& begins_anew)
      ROCKETMQ_REQUIRES(batch_mutex_);
  /// Their records in front of the log offset `end` belong to a topic that has been deleted.
  Status remove(std::span<const std::shared_ptr<ConsumeQueue>> queues, int64_t end)
      ROCKETMQ_REQUIRES(batch_mutex_);
  /// Returns false when there is nothing left to do.
  Result<bool> dispatchBatch(RecordWalker& walker, int64_t end);
  Status enter(const MessageRecord& record) ROCKETMQ_REQUIRES(batch_mutex_);

  /// Valid until the next call.
  std::string_view bitMapOf(const MessageRecord& record) ROCKETMQ_REQUIRES(batch_mutex_);

  const Parts parts_;
  const BeginsAnew live_rule_;
  std::atomic<int64_t> dispatched_{0};
  std::atomic<TimestampMs> newest_ms_{0};

  // Held for a few hundred records at a time, room making included.
  Mutex batch_mutex_;
  std::vector<char> bit_map_ ROCKETMQ_GUARDED_BY(batch_mutex_);
};

}  // namespace rocketmq::store

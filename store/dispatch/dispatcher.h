#pragma once

#include <atomic>
#include <cstdint>

#include "common/mutex.h"
#include "common/status.h"
#include "store/dispatch/arrival_queue.h"
#include "store/dispatch/dispatch_rules.h"
#include "store/log/commit_log.h"
#include "store/log/record_walker.h"
#include "store/queue/deleted_topics.h"
#include "store/queue/queue_table.h"

namespace rocketmq::store {

/// Brings records of the log into the consume queues (RocketMQ: ReputMessageService with
/// CommitLogDispatcherBuildConsumeQueue).
///
/// Under async flush the appending thread writes its queue entry itself and only reports how far
/// it got; under sync flush the flush thread calls dispatchTo() with the flushed offset. Recovery
/// dispatches records one by one.
/// Threads: one dispatching thread; the rest from any.
class Dispatcher {
 public:
  Dispatcher(const CommitLog& log, QueueTable& queues, const DeletedTopics& deleted,
             const DispatchRules& rules, ArrivalQueue& arrivals)
      : log_(log), queues_(queues), deleted_(deleted), rules_(rules), arrivals_(arrivals) {}

  /// How dispatch() treats a record whose predecessors a queue lacks.
  enum class Gaps : uint8_t { kReport, kFill };

  /// For recovery: puts one record into its queue and tells nobody. False: there is a gap and
  /// `gaps` says to report it.
  Result<bool> replay(const MessageRecord& record, Gaps gaps);

  /// Makes everything below `end` visible and tells the arrivals. What fails is tried again by the
  /// next call.
  Status dispatchTo(int64_t end);

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

 private:
  Result<bool> place(const MessageRecord& record, Gaps gaps, ArrivalQueue* arrivals)
      ROCKETMQ_REQUIRES(batch_mutex_);
  /// Returns false when there is nothing left to do.
  Result<bool> dispatchBatch(RecordWalker& walker, int64_t end);

  const CommitLog& log_;
  QueueTable& queues_;
  const DeletedTopics& deleted_;
  const DispatchRules& rules_;
  ArrivalQueue& arrivals_;
  std::atomic<int64_t> dispatched_{0};
  std::atomic<TimestampMs> newest_ms_{0};

  // Held for a few hundred records at a time, room making included.
  Mutex batch_mutex_;
};

}  // namespace rocketmq::store

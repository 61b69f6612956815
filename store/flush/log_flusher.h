#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"
#include "store/dispatch/dispatcher.h"
#include "store/log/commit_log.h"
#include "store/message_store.h"
#include "store/run_state.h"
#include "store/worker.h"

namespace rocketmq::store {

/// Brings the log to the disk (RocketMQ: GroupCommitService and FlushRealTimeService in one). One
/// sync serves everybody who waits for anything below its end.
///
/// Threads: a flush thread; a watch thread that tells waiters while the next sync runs, when they
///          are many, and ends waits whose deadline has passed while one hangs. Callbacks run on
///          these two. The rest from any.
/// Failure: the first failed sync makes the store read-only; every wait then ends with ReadOnly.
class LogFlusher {
 public:
  struct Options {
    FlushMode mode = FlushMode::kAsync;
    int32_t interval_ms = 500;
    int32_t least_pages = 4;
    int32_t thorough_interval_ms = 10'000;
  };

  LogFlusher(CommitLog& log, Dispatcher& dispatcher, RunState& state, const Clock& clock,
             Options options)
      : log_(log), dispatcher_(dispatcher), state_(state), clock_(clock), options_(options) {}

  void start();

  /// Ends the threads after a last flush of everything; waits that are left end with its outcome.
  Status stop();

  /// After an append: under sync flush the flush thread begins at once.
  void onAppended() {
    if (options_.mode == FlushMode::kSync) {
      flush_worker_.wake();
    }
  }

  /// See MessageStore. At most kWaitersMax wait; one more ends with Busy at once.
  void whenFlushed(int64_t end_offset, std::chrono::steady_clock::time_point deadline,
                   MessageStore::FlushDone done);

  /// Store time of the newest record on the disk; 0 when this process has not flushed yet.
  TimestampMs newestFlushedMs() const { return newest_flushed_ms_.load(); }

  static constexpr size_t kWaitersMax = 100'000;

 private:
  struct Waiter {
    int64_t end_offset = 0;
    std::chrono::steady_clock::time_point deadline;
    MessageStore::FlushDone done;
  };

  void flushLoop();
  void watchLoop();
  bool isDue(const CommitLog::Mark& mark, bool thorough, bool moves);
  CommitLog::Mark target(const CommitLog::Mark& appended, bool thorough, bool moves);
  size_t waiters() const { return waiting_.load(); }
  void flushTo(const CommitLog::Mark& mark);
  void serve();
  void dispatchFlushed();
  int64_t servedTo() const;
  void endWaits();
  Status whyNot() const ROCKETMQ_REQUIRES(mutex_);

  CommitLog& log_;
  Dispatcher& dispatcher_;
  RunState& state_;
  const Clock& clock_;
  const Options options_;
  std::atomic<TimestampMs> newest_flushed_ms_{0};
  bool spared_tail_ = false;  // Of the flush thread: the last flush left the end to a later one.

  Mutex dispatch_mutex_;  // One dispatches at a time.
  Mutex mutex_;
  std::vector<Waiter> waiters_ ROCKETMQ_GUARDED_BY(mutex_);
  // How many; stored under the mutex. Sequentially consistent, with the next: who comes while the
  // watch thread falls asleep sees that it sleeps, or is seen by it.
  std::atomic<size_t> waiting_{0};
  bool stopped_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  std::atomic<bool> watch_sleeps_{false};  // Until a waiter wakes it.

  Worker flush_worker_;
  Worker watch_worker_;
};

}  // namespace rocketmq::store

#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "client/instance/worker_pool.h"
#include "common/mutex.h"

namespace rocketmq::client {

/// Callbacks on their way to the pool that runs them. One read from a socket brings many answers;
/// handing their callbacks over together wakes the pool once, not once for each.
///
/// Threads: any.
class CallbackBatch {
 public:
  /// `flush_soon` has flush() called when the event loop is done with what it is doing. The pool is
  /// borrowed.
  CallbackBatch(WorkerPool& pool, std::function<void()> flush_soon)
      : pool_(pool), flush_soon_(std::move(flush_soon)) {}

  /// Hands `callback` over with the next flush().
  void add(WorkerPool::Task callback);

  void flush();

  /// Flushes, now and at each further add(): nothing waits for the event loop any more.
  void close();

 private:
  WorkerPool& pool_;
  const std::function<void()> flush_soon_;
  Mutex mutex_;
  std::vector<WorkerPool::Task> callbacks_ ROCKETMQ_GUARDED_BY(mutex_);
  size_t last_count_ ROCKETMQ_GUARDED_BY(mutex_) = 0;  ///< Of the flush before.
  bool closed_ ROCKETMQ_GUARDED_BY(mutex_) = false;
};

}  // namespace rocketmq::client

#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "common/mutex.h"
#include "common/semaphore.h"

namespace rocketmq::client {

/// An application's thread that waits for a result, and that meanwhile runs what of the
/// application's must not run on the event loop. It needs no other thread for that, so a callback
/// may wait like this even when it occupies the last thread of the callback pool.
///
/// Threads: wait() once, by the waiting thread; the others by any, also after the result. Shared by
/// whoever calls them, so that it outlives the calls.
template <class Result>
class WaitingCaller {
 public:
  // Both wake the waiting thread after the lock, which it needs next.

  /// The first result counts.
  void finish(Result&& result) {
    std::function<void()> dropped;
    {
      MutexLock lock(mutex_);
      if (result_) {
        return;
      }
      result_.emplace(std::move(result));
      dropped.swap(task_);
    }
    changed_.post();
  }

  /// Lets the waiting thread run `task`; dropped when there is a result first.
  void run(std::function<void()> task) {
    {
      MutexLock lock(mutex_);
      if (result_) {
        return;
      }
      task_ = std::move(task);
    }
    changed_.post();
  }

  /// Not on the event loop.
  Result wait() {
    for (;;) {
      changed_.wait();
      std::function<void()> task;
      {
        MutexLock lock(mutex_);
        if (result_) {
          return std::move(*result_);
        }
        task.swap(task_);
      }
      if (task) {  // Else one that came later has taken its place, and has been run.
        task();
      }
    }
  }

 private:
  Mutex mutex_;
  Semaphore changed_;  // Posted once for each result and each task.
  std::optional<Result> result_ ROCKETMQ_GUARDED_BY(mutex_);
  std::function<void()> task_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::client

#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <string>

#include "common/mutex.h"
#include "common/thread.h"

namespace rocketmq::store {

/// A background thread that works in rounds and pauses between them until it is woken, its pause is
/// over or it is stopped. The destructor stops it.
/// Threads: wake() from any; start() and stop() from the owner.
class Worker {
 public:
  ~Worker() { stop(); }

  /// `body` runs until pause() returns false.
  void start(std::string name, std::function<void()> body) {
    thread_ = NamedThread(std::move(name), std::move(body));
  }

  /// Ends the current or next pause. Cheap while an earlier wake-up has not been seen yet.
  void wake() {
    if (!signalled_.exchange(true, std::memory_order_acq_rel)) {
      MutexLock lock(mutex_);
      wakeup_.notifyOne();
    }
  }

  /// For the body: false when it must return.
  bool pause(std::chrono::steady_clock::duration limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    MutexLock lock(mutex_);
    while (!stopping_ && !signalled_.load(std::memory_order_acquire)) {
      if (!wakeup_.waitUntil(mutex_, until)) {
        break;
      }
    }
    signalled_.store(false, std::memory_order_release);
    return !stopping_;
  }

  /// Waits for the body to return. Idempotent.
  void stop() {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      wakeup_.notifyOne();
    }
    thread_.join();
  }

 private:
  Mutex mutex_;
  CondVar wakeup_;
  bool stopping_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  // Set outside the mutex so that wakers of a busy worker never block.
  std::atomic<bool> signalled_{false};
  NamedThread thread_;
};

}  // namespace rocketmq::store

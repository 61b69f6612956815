#pragma once

#include <chrono>
#include <cstdint>

#include "common/mutex.h"

namespace rocketmq {

/// Counts work in flight so that an owner can stop: refuse new work, wait for the rest, destroy.
/// Threads: any.
class Gate {
 public:
  /// False once closed; every true must be answered by one leave().
  bool enter() {
    MutexLock lock(mutex_);
    if (closed_) {
      return false;
    }
    ++inside_;
    return true;
  }

  void leave() {
    MutexLock lock(mutex_);
    if (--inside_ == 0 && closed_) {
      empty_.notifyAll();
    }
  }

  void close() {
    MutexLock lock(mutex_);
    closed_ = true;
  }

  /// After close(): true once nobody is inside, false when `until` passed first.
  bool waitEmpty(std::chrono::steady_clock::time_point until) {
    MutexLock lock(mutex_);
    while (inside_ > 0) {
      if (!empty_.waitUntil(mutex_, until) && inside_ > 0) {
        return false;
      }
    }
    return true;
  }

 private:
  Mutex mutex_;
  CondVar empty_;
  bool closed_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  int64_t inside_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
};

}  // namespace rocketmq

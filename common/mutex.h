#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#include "common/thread_annotations.h"

namespace rocketmq {

/// std::mutex that Clang's thread-safety analysis understands. Never hold one across a wait for
/// anything but its own CondVar. docs/threading.md has the lock order.
class ROCKETMQ_CAPABILITY("mutex") Mutex {
 public:
  void lock() ROCKETMQ_ACQUIRE() { mutex_.lock(); }
  void unlock() ROCKETMQ_RELEASE() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

/// Holds a Mutex for a scope.
class ROCKETMQ_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ROCKETMQ_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() ROCKETMQ_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Condition variable for Mutex. Callers loop on their condition: wake-ups may be spurious.
class CondVar {
 public:
  void wait(Mutex& mutex) ROCKETMQ_REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }

  /// False when `until` passed without a notification.
  bool waitUntil(Mutex& mutex, std::chrono::steady_clock::time_point until)
      ROCKETMQ_REQUIRES(mutex) {
    std::unique_lock lock(mutex.mutex_, std::adopt_lock);
    const bool notified = condition_.wait_until(lock, until) == std::cv_status::no_timeout;
    lock.release();
    return notified;
  }

  void notifyOne() { condition_.notify_one(); }
  void notifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace rocketmq

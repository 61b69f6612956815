#pragma once

#include <memory>
#include <utility>

#include "common/sanitizers.h"

#if defined(ROCKETMQ_THREAD_SANITIZER)
#include "common/mutex.h"
#else
#include <atomic>
#endif

namespace rocketmq::namesrv {

/// The newest version of an immutable T: replaced whole by its one writer, read by any thread
/// without waiting for the work that makes the next version.
///
/// ThreadSanitizer does not understand how GCC 12 guards std::atomic<std::shared_ptr> inside; its
/// builds hold a mutex instead.
template <class T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> first) : current_(std::move(first)) {}

#if defined(ROCKETMQ_THREAD_SANITIZER)
  std::shared_ptr<const T> load() const {
    MutexLock lock(mutex_);
    return current_;
  }
  void store(std::shared_ptr<const T> next) {
    MutexLock lock(mutex_);
    current_.swap(next);
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const T> current_ ROCKETMQ_GUARDED_BY(mutex_);
#else
  std::shared_ptr<const T> load() const { return current_.load(std::memory_order_acquire); }
  void store(std::shared_ptr<const T> next) {
    current_.store(std::move(next), std::memory_order_release);
  }

 private:
  std::atomic<std::shared_ptr<const T> > current_;
#endif
};

}  // namespace rocketmq::namesrv

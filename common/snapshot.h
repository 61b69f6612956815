#pragma once

#include <memory>
#include <utility>

#include "common/mutex.h"

namespace rocketmq {

/// Publishes immutable versions of a value: readers take the current one and keep it as long as
/// they like, a writer replaces it whole. Threads: any; writers serialise themselves.
///
/// A mutex held for the copy of one pointer: what std::atomic<std::shared_ptr> does inside, but in
/// a form that sanitizers and Clang's analysis understand.
template <class T>
class Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<const T> initial) : current_(std::move(initial)) {}

  std::shared_ptr<const T> load() const {
    MutexLock lock(mutex_);
    return current_;
  }

  void store(std::shared_ptr<const T> next) {
    // Destroys the old version, which may be large, after the lock has been released.
    MutexLock lock(mutex_);
    current_.swap(next);
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const T> current_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq

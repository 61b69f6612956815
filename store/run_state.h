#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "common/mutex.h"

namespace rocketmq::store {

/// Why a store refuses puts (RocketMQ: RunningFlags). Lives in memory only: a restart begins with
/// none of it. Threads: any.
class RunState {
 public:
  enum Flag : uint32_t {
    kClosed = 1,      ///< Not open yet, or closing.
    kFailed = 2,      ///< A write or sync failed: for good.
    kDiskFull = 4,    ///< Above the warning level of disk use.
    kQueueError = 8,  ///< A consume queue cannot be written.
  };

  bool writable() const { return flags_.load(std::memory_order_acquire) == 0; }
  bool has(Flag flag) const { return (flags_.load(std::memory_order_acquire) & flag) != 0; }

  void set(Flag flag) { flags_.fetch_or(flag, std::memory_order_acq_rel); }
  void clear(Flag flag) {
    flags_.fetch_and(~static_cast<uint32_t>(flag), std::memory_order_acq_rel);
  }

  /// The disk has refused something that cannot be repeated: read-only until restart. The first
  /// reason is kept.
  void fail(const std::string& reason);

  /// What to tell a sender; empty while writable.
  std::string reason() const;

 private:
  std::atomic<uint32_t> flags_{kClosed};
  mutable Mutex mutex_;
  std::string failure_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::store

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "common/mutex.h"
#include "store/store_options.h"

namespace rocketmq::store {

/// The settings in force. What every message needs is an atomic of its own; the rest is read as a
/// snapshot. Threads: any; a reader may see two settings of one update at different times.
class LiveSettings {
 public:
  explicit LiveSettings(const LiveStoreOptions& options) { update(options); }

  void update(const LiveStoreOptions& options) {
    message_bytes_max_ = options.message_bytes_max;
    page_cache_busy_timeout_ms_ = options.page_cache_busy_timeout_ms;
    in_memory_percent_max_ = options.in_memory_percent_max;
    transfer_bytes_max_in_memory_ = options.transfer_bytes_max_in_memory;
    transfer_count_max_in_memory_ = options.transfer_count_max_in_memory;
    transfer_bytes_max_on_disk_ = options.transfer_bytes_max_on_disk;
    transfer_count_max_on_disk_ = options.transfer_count_max_on_disk;
    MutexLock lock(mutex_);
    all_ = std::make_shared<const LiveStoreOptions>(options);
  }

  std::shared_ptr<const LiveStoreOptions> all() const {
    MutexLock lock(mutex_);
    return all_;
  }

  int32_t messageBytesMax() const { return load(message_bytes_max_); }
  int32_t pageCacheBusyTimeoutMs() const { return load(page_cache_busy_timeout_ms_); }
  int32_t inMemoryPercentMax() const { return load(in_memory_percent_max_); }
  int32_t transferBytesMax(bool in_memory) const {
    return load(in_memory ? transfer_bytes_max_in_memory_ : transfer_bytes_max_on_disk_);
  }
  int32_t transferCountMax(bool in_memory) const {
    return load(in_memory ? transfer_count_max_in_memory_ : transfer_count_max_on_disk_);
  }

 private:
  static int32_t load(const std::atomic<int32_t>& value) {
    return value.load(std::memory_order_relaxed);
  }

  std::atomic<int32_t> message_bytes_max_{0};
  std::atomic<int32_t> page_cache_busy_timeout_ms_{0};
  std::atomic<int32_t> in_memory_percent_max_{0};
  std::atomic<int32_t> transfer_bytes_max_in_memory_{0};
  std::atomic<int32_t> transfer_count_max_in_memory_{0};
  std::atomic<int32_t> transfer_bytes_max_on_disk_{0};
  std::atomic<int32_t> transfer_count_max_on_disk_{0};
  mutable Mutex mutex_;
  std::shared_ptr<const LiveStoreOptions> all_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::store

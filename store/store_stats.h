#pragma once

#include <atomic>
#include <cstdint>

#include "store/message_store.h"

namespace rocketmq::store {

/// What counters() shows. Threads: notePut() under the append mutex, the rest from any.
class StoreStats {
 public:
  void notePut(int64_t messages, int64_t bytes, int64_t duration_us) {
    addAlone(put_messages_, messages);
    addAlone(put_bytes_, bytes);
    addAlone(put_durations_[bucketOf(duration_us / 1000)], 1);
    if (duration_us > put_max_us_.load(std::memory_order_relaxed)) {
      put_max_us_.store(duration_us, std::memory_order_relaxed);
    }
  }

  void notePutFailure() { put_failures_.fetch_add(1, std::memory_order_relaxed); }

  void noteGet(int64_t messages, int64_t duration_us) {
    (messages > 0 ? get_found_ : get_missed_).fetch_add(1, std::memory_order_relaxed);
    get_messages_.fetch_add(messages, std::memory_order_relaxed);
    int64_t longest = get_max_us_.load(std::memory_order_relaxed);
    while (duration_us > longest &&
           !get_max_us_.compare_exchange_weak(longest, duration_us, std::memory_order_relaxed)) {
    }
  }

  StoreCounters snapshot() const {
    StoreCounters counters;
    counters.put_messages = put_messages_.load(std::memory_order_relaxed);
    counters.put_failures = put_failures_.load(std::memory_order_relaxed);
    counters.put_bytes = put_bytes_.load(std::memory_order_relaxed);
    counters.put_max_us = put_max_us_.load(std::memory_order_relaxed);
    counters.get_max_us = get_max_us_.load(std::memory_order_relaxed);
    counters.get_found = get_found_.load(std::memory_order_relaxed);
    counters.get_missed = get_missed_.load(std::memory_order_relaxed);
    counters.get_messages = get_messages_.load(std::memory_order_relaxed);
    for (size_t i = 0; i < counters.put_durations.size(); ++i) {
      counters.put_durations[i] = put_durations_[i].load(std::memory_order_relaxed);
    }
    return counters;
  }

 private:
  using Cell = std::atomic<int64_t>;

  /// Without a locked instruction: there is one writer at a time.
  static void addAlone(Cell& cell, int64_t amount) {
    cell.store(cell.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }

  /// The classes of StoreCounters::put_durations.
  static size_t bucketOf(int64_t duration_ms) {
    constexpr int64_t kLimitsMs[] = {1,    10,   50,   100,  200,  500,
                                     1000, 2000, 3000, 4000, 5000, 10'000};
    size_t bucket = 0;
    while (bucket < std::size(kLimitsMs) && duration_ms >= kLimitsMs[bucket]) {
      ++bucket;
    }
    return bucket;
  }

  Cell put_messages_{0};
  Cell put_bytes_{0};
  Cell put_max_us_{0};
  Cell put_failures_{0};
  Cell get_max_us_{0};
  Cell get_found_{0};
  Cell get_missed_{0};
  Cell get_messages_{0};
  std::array<Cell, 13> put_durations_{};
};

}  // namespace rocketmq::store

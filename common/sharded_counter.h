#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace rocketmq {

/// The number of the calling thread, counted from 0 in the order in which threads first ask: for
/// spreading threads over cells. Not the system's.
inline size_t threadNumber() {
  static std::atomic<size_t> threads{0};
  thread_local const size_t mine = threads.fetch_add(1, std::memory_order_relaxed);
  return mine;
}

/// A sum that many threads add to without getting into each other's way: each has a cache line of
/// its own, as long as there are no more than kCells of them. Threads: any.
class ShardedCounter {
 public:
  void add(int64_t amount) {
    cells_[threadNumber() % kCells].value.fetch_add(amount, std::memory_order_relaxed);
  }

  /// What was added before the call is in it; what is added meanwhile may be.
  int64_t sum() const {
    int64_t sum = 0;
    for (const Cell& cell : cells_) {
      sum += cell.value.load(std::memory_order_relaxed);
    }
    return sum;
  }

 private:
  static constexpr size_t kCells = 8;
  struct alignas(64) Cell {
    std::atomic<int64_t> value{0};
  };

  std::array<Cell, kCells> cells_;
};

}  // namespace rocketmq

#pragma once

#include <atomic>
#include <cstddef>

namespace rocketmq::namesrv {

/// Bounds what the texts that routes keep take together. Threads: any.
class TextBudget {
 public:
  explicit TextBudget(size_t bytes_max) : bytes_max_(bytes_max) {}

  /// False: there is no room for so many.
  bool take(size_t bytes) {
    if (bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= bytes_max_) {
      return true;
    }
    giveBack(bytes);
    return false;
  }
  void giveBack(size_t bytes) { bytes_.fetch_sub(bytes, std::memory_order_relaxed); }

 private:
  const size_t bytes_max_;
  std::atomic<size_t> bytes_{0};
};

}  // namespace rocketmq::namesrv

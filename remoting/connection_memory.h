#pragma once

#include <atomic>
#include <cstddef>

#include "remoting/connection_limits.h"

namespace rocketmq::remoting {

/// What all connections of a server together hold for peers that are slow: answers that are not
/// read, frames of which a part has come. A connection that holds little of either is not counted,
/// so that the usual one never touches what all threads share.
///
/// Threads: any; the numbers may lag behind by what connections are doing just now.
class ConnectionMemory {
 public:
  /// Not counted up to here, per connection and kind.
  static constexpr size_t kUncountedBytes = 64u << 10;

  explicit ConnectionMemory(const ConnectionLimits& limits)
      : unsent_bytes_max_(limits.unsent_bytes_total_max),
        partial_bytes_max_(limits.partial_bytes_total_max) {}

  /// A connection's part of both; it keeps what it has said last.
  struct Share {
    size_t unsent_bytes = 0;
    size_t partial_bytes = 0;
  };

  /// Replaces what a connection said before.
  void update(Share& share, size_t unsent_bytes, size_t partial_bytes) {
    change(unsent_bytes_, share.unsent_bytes, unsent_bytes);
    change(partial_bytes_, share.partial_bytes, partial_bytes);
  }

  bool hasTooMuchUnsent() const {
    return unsent_bytes_.load(std::memory_order_relaxed) > unsent_bytes_max_;
  }
  /// Twice as much: not even who has nothing unsent may get an answer that can be large.
  bool hasNoRoomForAnswers() const {
    return unsent_bytes_.load(std::memory_order_relaxed) / 2 > unsent_bytes_max_;
  }
  bool hasTooMuchPartial() const {
    return partial_bytes_.load(std::memory_order_relaxed) > partial_bytes_max_;
  }

 private:
  static void change(std::atomic<size_t>& total, size_t& counted, size_t bytes) {
    const size_t counts = bytes > kUncountedBytes ? bytes : 0;
    if (counts != counted) {
      // Wraps around for less, as unsigned numbers do.
      total.fetch_add(counts - counted, std::memory_order_relaxed);
      counted = counts;
    }
  }

  const size_t unsent_bytes_max_;
  const size_t partial_bytes_max_;
  std::atomic<size_t> unsent_bytes_ = 0;
  std::atomic<size_t> partial_bytes_ = 0;
};

}  // namespace rocketmq::remoting

#pragma once

#include <atomic>
#include <cstddef>

#include "remoting/connection_limits.h"

namespace rocketmq::remoting {

/// What all connections of a server together hold for peers that are slow: answers that are not
/// read, frames of which a part has come. A connection that holds little of either is not counted,
/// so that the usual one never touches what all threads share.
///
/// Large parts and small ones are bounded apart: a few large frames must not take the room of those
/// who send usual ones, and the usual ones of a great many connections are a lot, too.
///
/// Threads: any; the numbers may lag behind by what connections are doing just now.
class ConnectionMemory {
 public:
  /// Of a connection's unsent bytes so many are not counted, and a part of a frame up to here is a
  /// small one.
  static constexpr size_t kUncountedBytes = 64u << 10;
  /// Parts of frames up to here are not counted.
  static constexpr size_t kUncountedPartBytes = 16u << 10;

  explicit ConnectionMemory(const ConnectionLimits& limits)
      : unsent_bytes_max_(limits.unsent_bytes_total_max),
        part_bytes_max_(limits.partial_bytes_total_max) {}

  /// A connection's part of all; it keeps what it has said last.
  struct Share {
    size_t unsent_bytes = 0;
    size_t large_part_bytes = 0;
    size_t small_part_bytes = 0;
  };

  /// Replaces what a connection said before. False: its part of a frame has grown, and all together
  /// have more of such parts than they may.
  bool update(Share& share, size_t unsent_bytes, size_t part_bytes) {
    const bool is_large = part_bytes > kUncountedBytes;
    const bool is_small = !is_large && part_bytes > kUncountedPartBytes;
    change(unsent_bytes_, share.unsent_bytes, unsent_bytes > kUncountedBytes ? unsent_bytes : 0);
    const bool has_room_for_large =
        changePart(large_part_bytes_, share.large_part_bytes, is_large ? part_bytes : 0);
    const bool has_room_for_small =
        changePart(small_part_bytes_, share.small_part_bytes, is_small ? part_bytes : 0);
    return has_room_for_large && has_room_for_small;
  }

  bool hasTooMuchUnsent() const {
    return unsent_bytes_.load(std::memory_order_relaxed) > unsent_bytes_max_;
  }
  /// Twice as much: not even who has nothing unsent may get an answer that can be large.
  bool hasNoRoomForAnswers() const {
    return unsent_bytes_.load(std::memory_order_relaxed) / 2 > unsent_bytes_max_;
  }

 private:
  static void change(std::atomic<size_t>& total, size_t& counted, size_t counts) {
    if (counts != counted) {
      // Wraps around for less, as unsigned numbers do.
      total.fetch_add(counts - counted, std::memory_order_relaxed);
      counted = counts;
    }
  }
  bool changePart(std::atomic<size_t>& total, size_t& counted, size_t counts) const {
    const bool has_grown = counts > counted;
    change(total, counted, counts);
    return !has_grown || total.load(std::memory_order_relaxed) <= part_bytes_max_;
  }

  const size_t unsent_bytes_max_;
  const size_t part_bytes_max_;
  std::atomic<size_t> unsent_bytes_ = 0;
  std::atomic<size_t> large_part_bytes_ = 0;
  std::atomic<size_t> small_part_bytes_ = 0;
};

}  // namespace rocketmq::remoting

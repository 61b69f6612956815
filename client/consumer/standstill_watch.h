#pragma once

#include <chrono>
#include <cstdint>

#include "client/consumer/process_queue.h"

namespace rocketmq::client {

/// Tells from a periodic call that comes much too late that the process stood still: stopped,
/// swapped out, on a machine that slept. Brokers may have given its queues to others when it was
/// for longer than a member believes in a lock that was not renewed.
///
/// Threads: one.
class StandstillWatch {
 public:
  /// `period`: the longest time between two calls of stoodStill(), and before the first one.
  StandstillWatch(std::chrono::milliseconds period, int64_t now_ms)
      : late_ms_(period.count() + ProcessQueue::lockValidMs()), last_ms_(now_ms) {}

  bool stoodStill(int64_t now_ms) {
    const int64_t passed_ms = now_ms - last_ms_;
    last_ms_ = now_ms;
    return passed_ms > late_ms_;
  }

 private:
  const int64_t late_ms_;
  int64_t last_ms_;
};

}  // namespace rocketmq::client

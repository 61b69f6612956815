#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace rocketmq {

/// Milliseconds since 1970-01-01 UTC, as RocketMQ stores them.
using TimestampMs = int64_t;

/// Where parts with timers get the time from, so that tests own it. Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Wall time; may jump when the machine's clock is set.
  virtual TimestampMs nowMs() const = 0;

  /// Never goes back; only differences mean anything.
  virtual std::chrono::steady_clock::time_point monotonic() const = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
 public:
  static SystemClock& instance() {
    static SystemClock clock;
    return clock;
  }

  TimestampMs nowMs() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  std::chrono::steady_clock::time_point monotonic() const override {
    return std::chrono::steady_clock::now();
  }
};

/// A clock that moves only when a test says so.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimestampMs start_ms = 1'700'000'000'000) : now_ms_(start_ms) {}

  TimestampMs nowMs() const override { return now_ms_.load(std::memory_order_relaxed); }
  std::chrono::steady_clock::time_point monotonic() const override {
    return std::chrono::steady_clock::time_point(std::chrono::milliseconds(nowMs()));
  }

  void advance(std::chrono::milliseconds by) {
    now_ms_.fetch_add(by.count(), std::memory_order_relaxed);
  }

 private:
  std::atomic<TimestampMs> now_ms_;
};

}  // namespace rocketmq

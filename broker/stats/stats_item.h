#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "common/clock.h"
#include "common/mutex.h"

namespace rocketmq::broker {

/// What happened in a stretch of time (RocketMQ: StatsSnapshot).
struct StatsSnapshot {
  int64_t sum = 0;
  double tps = 0;    ///< Sum per second.
  double avgpt = 0;  ///< Sum per event.
};

/// Points in time of one growing counter, the oldest dropped (RocketMQ: CallSnapshot lists).
/// Threads: one at a time.
class StatsWindow {
 public:
  explicit StatsWindow(size_t points_max) : points_max_(points_max) {}

  void sample(TimestampMs now, int64_t value, int64_t times);
  /// Between the oldest and the newest point; zeros with fewer than two.
  StatsSnapshot snapshot() const;

 private:
  struct Point {
    TimestampMs at = 0;
    int64_t value = 0;
    int64_t times = 0;
  };
  size_t points_max_;
  std::deque<Point> points_;
};

/// One statistic: a sum that grows, seen over the last minute, hour and day (RocketMQ: StatsItem).
/// Threads: any.
class StatsItem {
 public:
  void add(int64_t value, int64_t times = 1) {
    value_.fetch_add(value, std::memory_order_relaxed);
    times_.fetch_add(times, std::memory_order_relaxed);
  }

  // RocketMQ's schedule: every 10 s for the minute, 10 min for the hour, hour for the day.
  void sampleMinute(TimestampMs now);
  void sampleHour(TimestampMs now);
  void sampleDay(TimestampMs now);

  StatsSnapshot minute() const;
  StatsSnapshot hour() const;
  StatsSnapshot day() const;

 private:
  std::atomic<int64_t> value_{0};
  std::atomic<int64_t> times_{0};

  mutable Mutex mutex_;
  StatsWindow minute_ ROCKETMQ_GUARDED_BY(mutex_){7};
  StatsWindow hour_ ROCKETMQ_GUARDED_BY(mutex_){7};
  StatsWindow day_ ROCKETMQ_GUARDED_BY(mutex_){25};
};

}  // namespace rocketmq::broker

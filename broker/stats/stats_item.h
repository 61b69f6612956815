#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"

namespace rocketmq::broker {

/// What happened in a stretch of time (RocketMQ: StatsSnapshot).
struct StatsSnapshot {
  int64_t sum = 0;
  double tps = 0;    ///< Sum per second.
  double avgpt = 0;  ///< Sum per event.

  bool operator==(const StatsSnapshot&) const = default;
};

/// One statistic over the last minute, hour and day (RocketMQ: BrokerStatsData).
struct StatsView {
  StatsSnapshot minute;
  StatsSnapshot hour;
  StatsSnapshot day;
};

/// Which samples have come due: RocketMQ takes one every 10 s for the minute, every 10 min for the
/// hour, every hour for the day.
struct StatsDue {
  bool minute = false;
  bool hour = false;
  bool day = false;
};

/// Points in time of one growing counter, the oldest dropped (RocketMQ: CallSnapshot lists). While
/// the counter rests there is one point only, so that what nobody uses costs next to nothing.
/// Threads: one at a time.
class StatsWindow {
 public:
  struct Shape {
    TimestampMs period;  ///< Between two points.
    TimestampMs span;    ///< From the oldest to the newest of the points that count.
  };
  /// The first point finds a counter that was made, at zero, since the one before it was due.
  void sample(TimestampMs now, Shape shape, int64_t value, int64_t times);
  /// Between the oldest and the newest point; zeros with fewer than two.
  StatsSnapshot snapshot() const;

 private:
  struct Point {
    TimestampMs at = 0;
    int64_t value = 0;
    int64_t times = 0;
  };
  std::vector<Point> points_;
};

/// The three windows of one counter. Threads: one at a time.
class StatsHistory {
 public:
  void sample(TimestampMs now, StatsDue due, int64_t value, int64_t times);
  StatsView view() const;
  /// Per second, over the last minute.
  double tps() const { return minute_.snapshot().tps; }

 private:
  StatsWindow minute_;
  StatsWindow hour_;
  StatsWindow day_;
};

/// Since when a counter has not moved. Threads: one at a time.
class StatsIdleness {
 public:
  void note(TimestampMs now, int64_t times);
  bool isIdleSince(TimestampMs then) const { return moved_at_ != 0 && moved_at_ < then; }

 private:
  int64_t times_ = -1;
  TimestampMs moved_at_ = 0;
};

/// One statistic: a sum that grows, with its history (RocketMQ: StatsItem). Threads: any.
class StatsItem {
 public:
  void add(int64_t value, int64_t times = 1) {
    value_.fetch_add(value, std::memory_order_relaxed);
    times_.fetch_add(times, std::memory_order_relaxed);
  }

  int64_t value() const { return value_.load(std::memory_order_relaxed); }

  void sample(TimestampMs now, StatsDue due);
  StatsView view() const;
  bool isIdleSince(TimestampMs then) const;

 private:
  std::atomic<int64_t> value_{0};
  std::atomic<int64_t> times_{0};

  mutable Mutex mutex_;
  StatsHistory history_ ROCKETMQ_GUARDED_BY(mutex_);
  StatsIdleness idleness_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::broker

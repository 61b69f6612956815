#include "broker/stats/stats_item.h"

namespace rocketmq::broker {

void StatsWindow::sample(TimestampMs now, int64_t value, int64_t times) {
  points_.push_back({now, value, times});
  if (points_.size() > points_max_) {
    points_.pop_front();
  }
}

StatsSnapshot StatsWindow::snapshot() const {
  StatsSnapshot snapshot;
  if (points_.size() < 2) {
    return snapshot;
  }
  const Point& first = points_.front();
  const Point& last = points_.back();
  snapshot.sum = last.value - first.value;
  if (last.at > first.at) {
    snapshot.tps =
        static_cast<double>(snapshot.sum) * 1000 / static_cast<double>(last.at - first.at);
  }
  if (last.times > first.times) {
    snapshot.avgpt =
        static_cast<double>(snapshot.sum) / static_cast<double>(last.times - first.times);
  }
  return snapshot;
}

void StatsItem::sampleMinute(TimestampMs now) {
  MutexLock lock(mutex_);
  minute_.sample(now, value_.load(std::memory_order_relaxed),
                 times_.load(std::memory_order_relaxed));
}

void StatsItem::sampleHour(TimestampMs now) {
  MutexLock lock(mutex_);
  hour_.sample(now, value_.load(std::memory_order_relaxed), times_.load(std::memory_order_relaxed));
}

void StatsItem::sampleDay(TimestampMs now) {
  MutexLock lock(mutex_);
  day_.sample(now, value_.load(std::memory_order_relaxed), times_.load(std::memory_order_relaxed));
}

StatsSnapshot StatsItem::minute() const {
  MutexLock lock(mutex_);
  return minute_.snapshot();
}

StatsSnapshot StatsItem::hour() const {
  MutexLock lock(mutex_);
  return hour_.snapshot();
}

StatsSnapshot StatsItem::day() const {
  MutexLock lock(mutex_);
  return day_.snapshot();
}

}  // namespace rocketmq::broker

#include "broker/stats/stats_item.h"

#include <algorithm>

namespace rocketmq::broker {
namespace {

constexpr StatsWindow::Shape kMinute{.period = 10'000, .span = 60'000};
constexpr StatsWindow::Shape kHour{.period = 10 * 60'000, .span = 60 * 60'000};
constexpr StatsWindow::Shape kDay{.period = 60 * 60'000, .span = 24 * 60 * 60'000};

}  // namespace

void StatsWindow::sample(TimestampMs now, Shape shape, int64_t value, int64_t times) {
  if (points_.empty()) {
    points_.push_back({now - shape.period, 0, 0});
  }
  const TimestampMs begin = now - shape.span;
  while (points_.size() > 1 && points_[1].at <= begin) {
    points_.erase(points_.begin());
  }
  Point& oldest = points_.front();
  oldest.at = std::max(oldest.at, begin);
  if (oldest.value != value || oldest.times != times) {
    points_.push_back({now, value, times});
  } else if (points_.size() > 1) {
    points_.resize(1);
    points_.shrink_to_fit();
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

void StatsHistory::sample(TimestampMs now, StatsDue due, int64_t value, int64_t times) {
  if (due.minute) {
    minute_.sample(now, kMinute, value, times);
  }
  if (due.hour) {
    hour_.sample(now, kHour, value, times);
  }
  if (due.day) {
    day_.sample(now, kDay, value, times);
  }
}

StatsView StatsHistory::view() const {
  return {.minute = minute_.snapshot(), .hour = hour_.snapshot(), .day = day_.snapshot()};
}

void StatsIdleness::note(TimestampMs now, int64_t times) {
  if (times != times_) {
    times_ = times;
    moved_at_ = now;
  }
}

void StatsItem::sample(TimestampMs now, StatsDue due) {
  MutexLock lock(mutex_);
  const int64_t times = times_.load(std::memory_order_relaxed);
  history_.sample(now, due, value(), times);
  idleness_.note(now, times);
}

StatsView StatsItem::view() const {
  MutexLock lock(mutex_);
  return history_.view();
}

bool StatsItem::isIdleSince(TimestampMs then) const {
  MutexLock lock(mutex_);
  return idleness_.isIdleSince(then);
}

}  // namespace rocketmq::broker

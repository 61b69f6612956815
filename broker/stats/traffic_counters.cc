#include "broker/stats/traffic_counters.h"

#include <algorithm>

namespace rocketmq::broker {

void TrafficHistory::sample(TimestampMs now, StatsDue due, int64_t messages, int64_t bytes,
                            int64_t times) {
  MutexLock lock(mutex_);
  nums_.sample(now, due, messages, times);
  size_.sample(now, due, bytes, times);
  idleness_.note(now, times);
}

StatsView TrafficHistory::nums() const {
  MutexLock lock(mutex_);
  return nums_.view();
}

StatsView TrafficHistory::size() const {
  MutexLock lock(mutex_);
  return size_.view();
}

double TrafficHistory::messagesPerSecond() const {
  MutexLock lock(mutex_);
  return nums_.tps();
}

double TrafficHistory::bytesPerSecond() const {
  MutexLock lock(mutex_);
  return size_.tps();
}

bool TrafficHistory::isIdleSince(TimestampMs then) const {
  MutexLock lock(mutex_);
  return idleness_.isIdleSince(then);
}

void TopicTraffic::put(const TrafficObserver::Put& put) {
  const auto type = static_cast<size_t>(put.type);
  addToCell(messages_[type], put.messages);
  addToCell(bytes_[type], put.bytes);
  addToCell(times_, 1);
  const int64_t mean = put.bytes / std::max(put.messages, 1);
  const auto size_class =
      std::lower_bound(kSizeLimits.begin(), kSizeLimits.end(), mean) - kSizeLimits.begin();
  addToCell(sizes_[static_cast<size_t>(size_class)], put.messages);
}

int64_t TopicTraffic::sumOf(const std::array<TrafficCell, kTypes>& cells) {
  int64_t sum = 0;
  for (const TrafficCell& cell : cells) {
    sum += loadCell(cell);
  }
  return sum;
}

std::array<int64_t, TopicTraffic::kSizeLimits.size() + 1> TopicTraffic::sizes() const {
  std::array<int64_t, kSizeLimits.size() + 1> sizes{};
  std::transform(sizes_.begin(), sizes_.end(), sizes.begin(), loadCell);
  return sizes;
}

void TopicTraffic::sample(TimestampMs now, StatsDue due) {
  history_.sample(now, due, messages(), bytes(), loadCell(times_));
}

void GroupTraffic::get(const TrafficObserver::Get& get) {
  addToCell(messages_, get.messages);
  addToCell(bytes_, get.bytes);
  addToCell(times_, 1);
}

void GroupTraffic::sample(TimestampMs now, StatsDue due) {
  history_.sample(now, due, messages(), bytes(), loadCell(times_));
}

void BrokerTotal::sample(TimestampMs now, StatsDue due) {
  MutexLock lock(mutex_);
  // RocketMQ parity: these count no events, so there is no average per event.
  history_.sample(now, due, counter_.sum(), 0);
}

StatsView BrokerTotal::view() const {
  MutexLock lock(mutex_);
  return history_.view();
}

}  // namespace rocketmq::broker

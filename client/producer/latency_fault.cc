#include "client/producer/latency_fault.h"

#include <array>

namespace rocketmq::client {

using std::chrono::milliseconds;

milliseconds notAvailableDuration(milliseconds cost) {
  struct Class {
    milliseconds cost;
    milliseconds not_available;
  };
  static constexpr std::array<Class, 7> kClasses{{{milliseconds(50), milliseconds(0)},
                                                  {milliseconds(100), milliseconds(0)},
                                                  {milliseconds(550), milliseconds(2000)},
                                                  {milliseconds(1800), milliseconds(5000)},
                                                  {milliseconds(3000), milliseconds(6000)},
                                                  {milliseconds(5000), milliseconds(10'000)},
                                                  {milliseconds(15'000), milliseconds(30'000)}}};
  milliseconds duration{0};
  for (const Class& entry : kClasses) {
    if (cost >= entry.cost) {
      duration = entry.not_available;
    }
  }
  return duration;
}

void LatencyFault::record(const std::string& broker_name, milliseconds cost) {
  const milliseconds duration = notAvailableDuration(cost);
  MutexLock lock(mutex_);
  if (duration.count() == 0) {
    available_from_.erase(broker_name);
  } else {
    available_from_[broker_name] = clock_.monotonic() + duration;
  }
}

bool LatencyFault::isAvailable(const std::string& broker_name) const {
  MutexLock lock(mutex_);
  const auto found = available_from_.find(broker_name);
  return found == available_from_.end() || clock_.monotonic() >= found->second;
}

}  // namespace rocketmq::client

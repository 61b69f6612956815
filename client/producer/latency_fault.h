#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "common/clock.h"
#include "common/mutex.h"

namespace rocketmq::client {

/// How long a broker is left alone after a send that took `cost` (RocketMQ 5.3:
/// MQFaultStrategy.notAvailableDuration).
std::chrono::milliseconds notAvailableDuration(std::chrono::milliseconds cost);

/// What a failed send counts as.
inline constexpr std::chrono::milliseconds kFailedSendCost{10'000};

/// Remembers which brokers were slow or failed (RocketMQ: LatencyFaultTolerance). Threads: any.
class LatencyFault {
 public:
  explicit LatencyFault(const Clock& clock) : clock_(clock) {}

  /// One send to `broker_name` took `cost`.
  void record(const std::string& broker_name, std::chrono::milliseconds cost);

  /// False while the broker should be left alone.
  bool isAvailable(const std::string& broker_name) const;

 private:
  const Clock& clock_;
  mutable Mutex mutex_;
  std::map<std::string, std::chrono::steady_clock::time_point> available_from_
      ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::client

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace rocketmq::broker {

/// How much of the log may cross a connection just now, so that over time it is not more than so
/// many bytes per second (RocketMQ: FlowMonitor). What was not used is saved up for a tenth of a
/// second at most, what was taken too much counts for a second at most. Threads: one.
class TransferBudget {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit TransferBudget(TimePoint now) : as_of_(now) {}

  /// How long to wait before the next bytes may go; 0: they may go now.
  std::chrono::milliseconds pause(TimePoint now, int64_t bytes_per_second) {
    const double rate = static_cast<double>(bytes_per_second);
    const double passed = std::chrono::duration<double>(now - as_of_).count();
    as_of_ = now;
    left_ = std::clamp(left_ + passed * rate, -rate, rate / 10);
    if (left_ > 0) {
      return std::chrono::milliseconds(0);
    }
    return std::chrono::milliseconds(1 + static_cast<int64_t>(-left_ / rate * 1000));
  }

  /// May go below what is left; the next pause is then the longer.
  void spend(int64_t bytes) { left_ -= static_cast<double>(bytes); }

 private:
  TimePoint as_of_;
  double left_ = 1;
};

}  // namespace rocketmq::broker

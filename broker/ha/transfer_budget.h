#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace rocketmq::broker {

/// How much of the log may cross a connection just now, so that over time it is not more than so
/// many bytes per second (RocketMQ: FlowMonitor). What was not used is saved up for a tenth of a
/// second at most; what was taken too much is waited for, however long that is. Threads: one.
class TransferBudget {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit TransferBudget(TimePoint now) : as_of_(now) {}

  /// How long to wait before asking again; 0: the next bytes may go now. A second at most, so that
  /// a new limit soon counts. nullopt: there is no limit, and what goes now will not count later.
  std::chrono::milliseconds pause(TimePoint now, std::optional<int64_t> bytes_per_second) {
    const double passed = std::chrono::duration<double>(now - as_of_).count();
    as_of_ = now;
    if (!std::exchange(is_limited_, bytes_per_second.has_value())) {
      left_ = 1;
    }
    if (!bytes_per_second) {
      return std::chrono::milliseconds(0);
    }
    const double rate = static_cast<double>(*bytes_per_second);
    left_ = std::min(left_ + passed * rate, rate / 10);
    if (left_ > 0) {
      return std::chrono::milliseconds(0);
    }
    return std::chrono::milliseconds(1 + static_cast<int64_t>(std::min(-left_ / rate, 1.0) * 1000));
  }

  /// May go below what is left; the next pause is then the longer.
  void spend(int64_t bytes) { left_ -= static_cast<double>(bytes); }

 private:
  TimePoint as_of_;
  bool is_limited_ = false;
  double left_ = 1;
};

}  // namespace rocketmq::broker

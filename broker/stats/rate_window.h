#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"

namespace rocketmq::broker {

/// How fast a counter grew over the last 10 s, minute and 10 minutes, as the runtime info shows it
/// (RocketMQ: StoreStatsService). Threads: any.
class RateWindow {
 public:
  /// Call it every second with the counter.
  void sample(TimestampMs now, int64_t value);

  /// Per second over the last 10 s; 0 while there is less than one sample.
  double lastTenSeconds() const;
  /// "1.0 2.0 3.0": 10 s, 1 min, 10 min; the later ones are missing while the broker is young.
  std::string text() const;

 private:
  struct Sample {
    TimestampMs at = 0;
    int64_t value = 0;
  };
  static constexpr size_t kSamplesMax = 601;

  /// Over the last `seconds` samples, or all of them when there are fewer and `seconds` is 10.
  double rate(size_t seconds) const ROCKETMQ_REQUIRES(mutex_);
  const Sample& back(size_t samples) const ROCKETMQ_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::vector<Sample> ring_ ROCKETMQ_GUARDED_BY(mutex_);
  size_t newest_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
};

}  // namespace rocketmq::broker

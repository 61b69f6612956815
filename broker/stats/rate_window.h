#pragma once

#include <chrono>
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
  /// Call it about every second with the counter.
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

  double rateSince(const Sample& first) const ROCKETMQ_REQUIRES(mutex_);
  /// Over the last 10 s, or all samples when there are fewer.
  double tenSeconds() const ROCKETMQ_REQUIRES(mutex_);
  const Sample& back(size_t samples) const ROCKETMQ_REQUIRES(mutex_);
  /// The newest sample that is at least so much older than the last one; null when there is none.
  const Sample* before(std::chrono::milliseconds age) const ROCKETMQ_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::vector<Sample> ring_ ROCKETMQ_GUARDED_BY(mutex_);
  size_t newest_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
};

}  // namespace rocketmq::broker

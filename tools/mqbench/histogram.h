#pragma once

#include <cstdint>
#include <vector>

namespace rocketmq::bench {

/// Counts durations from 1 ns to an hour with a relative error below 1.6 %, in 32 KiB (the idea of
/// HdrHistogram: 64 linear steps in each power of two).
///
/// Threads: one writer each; merge() them at the end.
class Histogram {
 public:
  Histogram();

  void record(int64_t nanoseconds, int64_t times = 1);
  void merge(const Histogram& other);

  int64_t count() const { return count_; }
  int64_t max() const { return max_; }
  double mean() const { return count_ == 0 ? 0.0 : sum_ / static_cast<double>(count_); }

  /// The value below or at which `percent` of all values lie; 0 when nothing was recorded.
  int64_t percentile(double percent) const;

 private:
  std::vector<int64_t> buckets_;
  int64_t count_ = 0;
  int64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace rocketmq::bench

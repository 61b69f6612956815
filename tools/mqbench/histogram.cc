#include "tools/mqbench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>

namespace rocketmq::bench {
namespace {

constexpr int kStepBits = 6;  // 64 steps in each power of two.
constexpr int64_t kSteps = 1 << kStepBits;
constexpr int64_t kValueMax = 3'600'000'000'000;  // One hour.

size_t bucketOf(int64_t value) {
  if (value < kSteps) {
    return static_cast<size_t>(value);
  }
  const int shift = static_cast<int>(std::bit_width(static_cast<uint64_t>(value))) - 1 - kStepBits;
  return static_cast<size_t>((shift + 1) * kSteps + ((value >> shift) - kSteps));
}

/// The largest value that falls into a bucket.
int64_t bucketEnd(size_t bucket) {
  const auto index = static_cast<int64_t>(bucket);
  if (index < kSteps) {
    return index;
  }
  const int64_t shift = index / kSteps - 1;
  return ((index % kSteps + kSteps + 1) << shift) - 1;
}

}  // namespace

Histogram::Histogram() : buckets_(bucketOf(kValueMax) + 1) {}

void Histogram::record(int64_t nanoseconds, int64_t times) {
  const int64_t value = std::clamp<int64_t>(nanoseconds, 0, kValueMax);
  buckets_[bucketOf(value)] += times;
  count_ += times;
  sum_ += static_cast<double>(value) * static_cast<double>(times);
  max_ = std::max(max_, value);
}

void Histogram::merge(const Histogram& other) {
  for (size_t i = 0; i < buckets_.size(); ++i) {
    buckets_[i] += other.buckets_[i];
  }
  count_ += other.count_;
  sum_ += other.sum_;
  max_ = std::max(max_, other.max_);
}

int64_t Histogram::percentile(double percent) const {
  // 99.99 has no exact binary form: without the margin one value too many would be asked for.
  const auto wanted =
      static_cast<int64_t>(std::ceil(static_cast<double>(count_) * (percent / 100.0 - 1e-12)));
  int64_t seen = 0;
  for (size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= wanted && seen > 0) {
      return std::min(bucketEnd(i), max_);
    }
  }
  return max_;
}

}  // namespace rocketmq::bench

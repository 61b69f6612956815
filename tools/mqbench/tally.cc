#include "tools/mqbench/tally.h"

#include <algorithm>

#include "tools/mqbench/workload.h"

namespace rocketmq::bench {
namespace {

constexpr size_t kIntervalsMax = 3600;  // Later ones join the last: 32 KiB each.

}  // namespace

void Tally::restart(int64_t start_ns) {
  std::lock_guard lock(mutex_);
  start_ns_ = start_ns;
  messages_ = 0;
  bytes_ = 0;
  failures_ = 0;
  first_error_.clear();
  latency_ = Histogram();
  intervals_.clear();
}

void Tally::counted(int64_t messages, int64_t bytes) {
  messages_.fetch_add(messages, std::memory_order_relaxed);
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
}

void Tally::succeeded(int64_t due_ns, int64_t messages, int64_t bytes) {
  counted(messages, bytes);
  const int64_t took = nowNs() - due_ns;
  std::lock_guard lock(mutex_);
  latency_.record(took, messages);
  if (interval_ns_ == 0) {
    return;
  }
  const int64_t since = std::max<int64_t>(due_ns - start_ns_, 0);
  const size_t index = std::min(static_cast<size_t>(since / interval_ns_), kIntervalsMax - 1);
  if (intervals_.size() <= index) {
    intervals_.resize(index + 1);
  }
  intervals_[index].record(took, messages);
}

void Tally::failed(int64_t messages, const std::string& why) {
  failures_.fetch_add(messages, std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  if (first_error_.empty()) {
    first_error_ = why;
  }
}

std::string Tally::firstError() const {
  std::lock_guard lock(mutex_);
  return first_error_;
}

Histogram Tally::latency() const {
  std::lock_guard lock(mutex_);
  return latency_;
}

std::vector<Interval> Tally::intervals() const {
  std::lock_guard lock(mutex_);
  std::vector<Interval> out;
  for (size_t i = 0; i < intervals_.size(); ++i) {
    const Histogram& histogram = intervals_[i];
    if (histogram.count() > 0) {
      out.push_back({static_cast<double>(i) * static_cast<double>(interval_ns_) / 1e9,
                     histogram.count(), histogram.percentile(50), histogram.percentile(99),
                     histogram.percentile(99.9), histogram.percentile(99.99), histogram.max()});
    }
  }
  return out;
}

}  // namespace rocketmq::bench

#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "tools/mqbench/histogram.h"

namespace rocketmq::bench {

/// One stretch of a run, for plots over time.
struct Interval {
  double from_seconds = 0;
  int64_t count = 0;
  int64_t p50_ns = 0;
  int64_t p99_ns = 0;
  int64_t p999_ns = 0;
  int64_t p9999_ns = 0;
  int64_t max_ns = 0;
};

/// Counts what became of the operations of a run and how long they took.
///
/// Threads: any. The mutex is taken once for each operation; the generators have few threads, so it
/// is hardly ever waited for.
class Tally {
 public:
  /// Operations due in the same `interval_ms` share an Interval; 0: no intervals are kept.
  explicit Tally(int64_t interval_ms = 0) : interval_ns_(interval_ms * 1'000'000) {}

  /// Forgets everything; intervals count from `start_ns`.
  void restart(int64_t start_ns);

  /// `messages` messages that were due at `due_ns` are done now.
  void succeeded(int64_t due_ns, int64_t messages, int64_t bytes);
  /// The same without a latency (one-way sends, catching up).
  void counted(int64_t messages, int64_t bytes);
  void failed(int64_t messages, const std::string& why);

  int64_t messages() const { return messages_.load(std::memory_order_relaxed); }
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  int64_t failures() const { return failures_.load(std::memory_order_relaxed); }
  /// Text of one failure; empty without failures.
  std::string firstError() const;
  Histogram latency() const;
  /// In order of time; stretches in which nothing was due are left out.
  std::vector<Interval> intervals() const;

 private:
  const int64_t interval_ns_;
  std::atomic<int64_t> messages_{0};
  std::atomic<int64_t> bytes_{0};
  std::atomic<int64_t> failures_{0};
  mutable std::mutex mutex_;
  int64_t start_ns_ = 0;  // Guarded by mutex_, as all below.
  std::string first_error_;
  Histogram latency_;
  std::vector<Histogram> intervals_;
};

}  // namespace rocketmq::bench

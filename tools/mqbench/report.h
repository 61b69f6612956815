#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tools/mqbench/histogram.h"
#include "tools/mqbench/tally.h"

namespace rocketmq::bench {

enum class Format : uint8_t { kText, kJson, kCsv };

/// What one run measured; printed as a table for people, or as JSON or CSV for scripts.
struct Report {
  std::string command;  ///< "produce", "consume" or "latency".
  /// What was run, for instance {"threads", "64"}.
  std::vector<std::pair<std::string, std::string>> settings;
  int64_t messages = 0;
  int64_t failures = 0;
  int64_t body_bytes = 0;  ///< Sum of all bodies.
  std::chrono::nanoseconds elapsed{0};
  /// Distributions by name, for instance "send" and "end to end".
  std::vector<std::pair<std::string, Histogram>> latencies;
  /// Over time, of the first distribution; JSON only.
  std::vector<Interval> intervals{};

  double messagesPerSecond() const;
  double megabytesPerSecond() const;
  std::string format(Format format) const;
};

/// "1.234 ms", "56.7 us", "2.10 s".
std::string formatDuration(int64_t nanoseconds);

}  // namespace rocketmq::bench

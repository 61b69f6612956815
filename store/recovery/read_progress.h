#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace rocketmq::store {

/// Says from time to time how far recovery has read the log: a long one takes minutes, during which
/// the broker answers nobody. Threads: one.
class ReadProgress {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::seconds kPeriod{3};

  /// From one log offset to another, the end of the last file, which may be empty.
  ReadProgress(int64_t begin, int64_t end, TimePoint now)
      : begin_(begin), end_(end), began_(now), told_(now) {}

  /// A line for the log when one is due: everything in front of `position` has been read.
  std::optional<std::string> lineAt(int64_t position, TimePoint now);

 private:
  const int64_t begin_;
  const int64_t end_;
  const TimePoint began_;
  TimePoint told_;
};

}  // namespace rocketmq::store

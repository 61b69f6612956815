#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "common/status.h"

namespace rocketmq::broker {

/// The table of setting messageDelayLevel, "1s 5s 10s ...": level 1 is the first entry.
class DelayLevels {
 public:
  /// InvalidArgument names the entry that is not a number followed by s, m, h or d.
  static Result<DelayLevels> parse(std::string_view text);

  int32_t max() const { return static_cast<int32_t>(delays_ms_.size()); }

  /// The level that is used when a message asks for `level` > 0: at most the last.
  int32_t clip(int32_t level) const { return level < max() ? level : max(); }

  /// Precondition: 1 <= level <= max().
  int64_t delayMs(int32_t level) const { return delays_ms_[static_cast<size_t>(level - 1)]; }

  const std::vector<int64_t>& delaysMs() const { return delays_ms_; }

 private:
  explicit DelayLevels(std::vector<int64_t> delays_ms) : delays_ms_(std::move(delays_ms)) {}

  std::vector<int64_t> delays_ms_;
};

}  // namespace rocketmq::broker

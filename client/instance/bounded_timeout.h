#pragma once

#include <algorithm>
#include <chrono>

namespace rocketmq::client {

/// A timeout as applications give it, made one that can be added to a time: milliseconds::max(),
/// "without limit", becomes a year, and what is negative becomes nothing.
inline std::chrono::milliseconds boundedTimeout(std::chrono::milliseconds timeout) {
  return std::clamp<std::chrono::milliseconds>(timeout, std::chrono::milliseconds(0),
                                               std::chrono::hours(24 * 365));
}

}  // namespace rocketmq::client

#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace rocketmq::test {

/// True as soon as `condition` holds, false when it never did. Looks about a thousand times a
/// second: a test that waits must not take the processor from what it waits for.
inline bool eventually(const std::function<bool()>& condition,
                       std::chrono::milliseconds patience = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace rocketmq::test

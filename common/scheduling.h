#pragma once

#include <cstdint>

namespace rocketmq {

/// How long a thread has the processor at a time while others want it, too. Its share is the same.
enum class Turns : uint8_t {
  kUsual,
  /// Long, and given up to whoever wakes up: for work that goes on for long beside threads that
  /// somebody waits for, which else would wait for milliseconds.
  kLong,
};

/// Sets it for the calling thread; a system call when that is a change. A hint, which takes effect
/// from Linux 6.12 on.
void takeTurns(Turns turns);

}  // namespace rocketmq

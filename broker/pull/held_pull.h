#pragma once

#include <cstdint>

namespace rocketmq::broker {

/// Why a held pull is let go.
enum class WakeReason : uint8_t {
  kArrival,     ///< A message that may match has become readable.
  kExpired,     ///< Its time is over: answer whatever there is.
  kSuperseded,  ///< What it asked is out of date: have it asked again.
};

/// A pull request that waits for a message in one queue.
class HeldPull {
 public:
  virtual ~HeldPull() = default;

  /// Answers the request, or holds it again. Called once, under no lock; the pull is destroyed
  /// afterwards. A pull that was dropped is destroyed without a call.
  virtual void resume(WakeReason reason) = 0;
};

}  // namespace rocketmq::broker

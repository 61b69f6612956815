#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace rocketmq::remoting {

/// How long a connection whose requests are refused with SYSTEM_BUSY is not read from, so that its
/// requests wait in the socket, where they cost nothing, and slow their sender down. A refusal
/// costs a good part of what the request would have cost: senders that try again at once could make
/// a server do nothing else.
///
/// Requests are looked at by turns of reading. After one of which more than half were refused the
/// connection pauses for a millisecond, and twice as long after each such turn that follows, up to
/// kMax; a turn with fewer refusals ends that. RocketMQ itself lets a request wait for 200 ms in
/// its queue before it refuses it.
///
/// Threads: the connection's.
class RefusalPause {
 public:
  static constexpr std::chrono::milliseconds kMax{128};

  void countRequest() { ++requests_; }
  void countRefusal() { ++refusals_; }

  /// Ends a turn of reading and says how long to pause; 0: not at all.
  std::chrono::milliseconds endTurn() {
    if (requests_ == 0) {
      return {};
    }
    const bool is_refused = 2 * refusals_ > requests_;
    requests_ = 0;
    refusals_ = 0;
    pause_ = !is_refused ? std::chrono::milliseconds(0)
                         : std::clamp(2 * pause_, std::chrono::milliseconds(1), kMax);
    return pause_;
  }

 private:
  uint64_t requests_ = 0;
  uint64_t refusals_ = 0;
  std::chrono::milliseconds pause_{0};  ///< The last one.
};

}  // namespace rocketmq::remoting

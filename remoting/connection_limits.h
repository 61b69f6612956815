#pragma once

#include <chrono>
#include <cstddef>

#include "remoting/protocol/frame.h"

namespace rocketmq::remoting {

/// Bounds that both servers and clients put on a connection.
struct ConnectionLimits {
  size_t frame_bytes_max = kFrameBytesMax;
  /// Past this many unsent bytes the connection stops reading until half of them have left.
  size_t unsent_bytes_max = 32u << 20;
  /// Calls of ours waiting for an answer; more end with Busy.
  size_t pending_calls_max = 65535;
  /// Closed when nothing was read or written for so long; 0 = never.
  std::chrono::milliseconds idle_timeout{120'000};
};

}  // namespace rocketmq::remoting

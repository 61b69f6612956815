#pragma once

#include <chrono>
#include <cstddef>

#include "remoting/protocol/frame.h"

namespace rocketmq::remoting {

/// Bounds that both servers and clients put on a connection.
struct ConnectionLimits {
  size_t frame_bytes_max = kFrameBytesMax;
  /// Of frames that come; a client, which reads answers, takes kHeaderBytesMax.
  size_t header_bytes_max = kRequestHeaderBytesMax;
  /// Past this many unsent bytes the connection stops reading until half of them have left.
  size_t unsent_bytes_max = 32u << 20;
  /// The same for all connections of a server together: past it, only those with little unsent
  /// (ConnectionMemory::kUncountedBytes) are read from.
  size_t unsent_bytes_total_max = size_t{256} << 20;
  /// Bytes of large incomplete frames in all connections of a server, and of small ones (see
  /// ConnectionMemory); past it a connection whose frame grows is closed.
  size_t partial_bytes_total_max = size_t{256} << 20;
  /// A frame must be complete so long after its first byte, or the connection is closed; 0 = never.
  std::chrono::milliseconds frame_timeout{0};
  /// Calls of ours waiting for an answer; more end with Busy.
  size_t pending_calls_max = 65535;
  /// Closed when nothing was read or written for so long; 0 = never.
  std::chrono::milliseconds idle_timeout{120'000};
  /// A call of ours that ends without an answer after at least so long, while not a single byte
  /// came, closes the connection: the peer is gone without a word (a cut cable, a firewall that
  /// forgot us), which the system itself would notice a quarter of an hour later. 0 = never, for
  /// peers that may take their time.
  std::chrono::milliseconds silence_max{0};
};

}  // namespace rocketmq::remoting

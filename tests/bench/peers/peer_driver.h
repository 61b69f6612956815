#pragma once

#include <cstdint>
#include <functional>

#include "tools/mqbench/tally.h"

namespace rocketmq::bench {

/// What the command line of a peer's driver asked for.
struct PeerOptions {
  uint16_t port = 0;
  int32_t connections = 1;
  int32_t in_flight = 1;  ///< Messages sent on a connection and not yet confirmed.
  int32_t body_bytes = 1024;
  int64_t seconds = 3;
  int64_t messages = 0;  ///< How many there are to consume.
  int32_t queues = 1;
};

/// What one thread of a run works with.
struct PeerRun {
  const PeerOptions& options;
  int32_t thread_index;
  Tally& tally;
  int64_t end_ns;

  bool isOver() const;
};

/// A message system that does the same job, through its own protocol and a packaged client library.
/// All functions throw std::runtime_error with what the server or the library said.
struct PeerDriver {
  const char* name;
  /// Makes the durable place that messages go to.
  std::function<void(const PeerOptions&)> prepare;
  /// Sends over one connection until the run is over, and waits for the last confirmation.
  std::function<void(PeerRun&)> produce;
  /// Receives and acknowledges over one connection until all threads together have
  /// options.messages, or the run is over.
  std::function<void(PeerRun&)> consume;
};

/// The program: `prepare`, `produce` or `consume` with options; prints a report in JSON.
int runPeerDriver(int argc, char** argv, const PeerDriver& driver);

}  // namespace rocketmq::bench

#pragma once

#include <cstdint>
#include <string>

#include "tools/mqbench/report.h"

namespace rocketmq::bench {

// What the sockets of this machine can do for requests and answers: plain asio, no protocol but a
// length before each frame, nothing done with what comes. The server has one io_context per thread,
// as our broker has; the client waits for answers as `mqbench produce --connections` does.

struct EchoLoad {
  uint16_t port = 0;
  int32_t connections = 1;
  int32_t in_flight = 1;
  int32_t frame_bytes = 1024;  ///< Of a request, without its length.
  int64_t rate = 0;            ///< Per second over all connections; 0: the next after an answer.
  double seconds = 3;
  int64_t interval_ms = 0;  ///< As Workload::interval_ms.
};

/// Answers every frame with one of `answer_bytes`, until standard input ends. Prints "port N".
void serveEcho(int threads, int32_t answer_bytes);

/// One I/O thread drives all connections.
Report runEcho(const EchoLoad& load);

/// What a client library can do at most whose callers wait: `callers` threads ask over one
/// connection, each the next when it has been woken with its answer. EchoLoad's connections,
/// in_flight and rate do not count.
Report runEchoCallers(const EchoLoad& load, int32_t callers);

}  // namespace rocketmq::bench

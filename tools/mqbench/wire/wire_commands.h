#pragma once

#include "tools/mqbench/report.h"
#include "tools/mqbench/workload.h"

namespace rocketmq::bench {

// The commands that drive connections of their own, without the client library. All throw
// std::runtime_error when the cluster cannot be used.

/// `produce --connections`: see WireProducer.
Report runWireProduce(const Workload& workload);
/// `pull`: see WirePuller.
Report runPull(const Workload& workload);
/// `idle`: opens the connections, registers a client of one of the workload's groups over each and
/// prints "registered"; then sends a heartbeat over each every `heartbeat_interval` and nothing
/// else until the time is over. Counts the latter heartbeats.
Report runIdle(const Workload& workload);

}  // namespace rocketmq::bench

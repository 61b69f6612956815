#pragma once

#include <string>
#include <vector>

namespace rocketmq::bench {

/// Writes a picture of latency over time: a bar for each value of `worst_us`, one per `step_ms`,
/// on a logarithmic scale from 1 microsecond to 100 ms. False when the file cannot be written.
bool writeLatencySvg(const std::string& path, const std::vector<double>& worst_us, int step_ms);

}  // namespace rocketmq::bench

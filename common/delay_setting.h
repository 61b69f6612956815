#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace rocketmq {

/// RocketMQ's default of messageDelayLevel.
inline constexpr std::string_view kDefaultDelayLevels =
    "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h";

/// The delays of setting messageDelayLevel in ms, level 1 first. InvalidArgument names the entry
/// that is not a number followed by s, m, h or d.
Result<std::vector<int64_t>> parseDelayLevels(std::string_view text);

}  // namespace rocketmq

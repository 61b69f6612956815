#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/status.h"

namespace rocketmq::mqadmin {

// Texts as RocketMQ's tool prints and reads them; times are in the local zone.

/// "2026-01-02 03:04:05"
std::string formatSeconds(TimestampMs time);
/// "2026-01-02 03:04:05,678"
std::string formatMillis(TimestampMs time);

/// "now" (-1), milliseconds, or "yyyy-MM-dd#HH:mm:ss:SSS".
Result<TimestampMs> parseTime(const std::string& text);

/// "true" in any case is true, anything else false.
bool parseBool(const std::string& text);

/// The front of a text, for columns: RocketMQ cuts names at 64 or 32 bytes.
std::string cut(std::string_view text, size_t bytes_max);

}  // namespace rocketmq::mqadmin

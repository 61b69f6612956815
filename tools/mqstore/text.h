#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/clock.h"

namespace rocketmq::mqstore {

/// "1.2 MiB"
std::string formatBytes(int64_t bytes);

/// "1 fault", "2 faults"
std::string counted(int64_t count, std::string_view one, std::string_view many);

/// "2026-01-02 03:04:05.678" in local time; "-" for 0.
std::string formatTime(TimestampMs time);

/// Checks the argument of an option that is a number of `least` or more: says what is wrong with
/// it, nothing when it is right.
std::function<std::string(const std::string&)> numberFrom(int64_t least);

/// The text without control characters, which damaged or hostile bytes may hold.
std::string printable(std::string_view text);

/// Whether two paths lead to one place, which need not be there.
bool isSamePlace(const std::string& one, const std::string& other);

}  // namespace rocketmq::mqstore

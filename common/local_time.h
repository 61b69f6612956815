#pragma once

#include <ctime>
#include <optional>

#include "common/clock.h"

namespace rocketmq {

// The C library's calendar, in the process's time zone. Threads: any. Daemons and client ask it
// here only: they take turns, as ThreadSanitizer does not see the library's own lock.

/// To the second.
std::tm localTime(TimestampMs time_ms);

/// The opposite; fields beyond their range carry over, as for mktime(). nullopt when the time
/// cannot be told.
std::optional<TimestampMs> timestampOf(std::tm local);

}  // namespace rocketmq

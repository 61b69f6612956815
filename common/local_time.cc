#include "common/local_time.h"

#include <cstdlib>
#include <limits>

#include "common/mutex.h"

namespace rocketmq {
namespace {

Mutex& timeZoneMutex() {
  static Mutex mutex;
  return mutex;
}

}  // namespace

std::tm localTime(TimestampMs time_ms) {
  const auto seconds = static_cast<std::time_t>(time_ms / 1000);
  std::tm local{};
  const MutexLock lock(timeZoneMutex());
  ::localtime_r(&seconds, &local);
  return local;
}

std::optional<TimestampMs> timestampOf(std::tm local) {
  const MutexLock lock(timeZoneMutex());
  const std::time_t seconds = std::mktime(&local);
  constexpr std::time_t kSecondsMax = std::numeric_limits<TimestampMs>::max() / 1000;
  return seconds == -1 || std::abs(seconds) > kSecondsMax
             ? std::nullopt
             : std::optional(static_cast<TimestampMs>(seconds) * 1000);
}

}  // namespace rocketmq

#include "common/local_time.h"

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
  return seconds == -1 ? std::nullopt : std::optional(static_cast<TimestampMs>(seconds) * 1000);
}

}  // namespace rocketmq

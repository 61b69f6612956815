#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

#include "broker/settings.h"

namespace rocketmq::broker {

// What both ends of a replication connection share.

inline bool wouldBlock(int error_number) {
  return error_number == EAGAIN || error_number == EWOULDBLOCK;
}

inline std::string errorText(int error_number) {
  return std::error_code(error_number, std::system_category()).message();
}

/// The limit of each connection, if there is one.
inline std::optional<int64_t> bytesPerSecondMax(const BrokerSettings& settings) {
  return settings.ha_flow_control ? std::optional(settings.ha_bytes_per_second_max) : std::nullopt;
}

/// How often an end looks whether a heartbeat is due or the other end has gone silent.
inline std::chrono::milliseconds tickOf(const BrokerSettings& settings) {
  constexpr std::chrono::milliseconds kMin{10};
  constexpr std::chrono::milliseconds kMax{1000};
  const std::chrono::milliseconds shortest(
      std::min(settings.ha_heartbeat_interval_ms, settings.ha_housekeeping_interval_ms));
  return std::clamp(shortest / 4, kMin, kMax);
}

}  // namespace rocketmq::broker

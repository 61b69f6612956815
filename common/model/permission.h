#pragma once

#include <cstdint>
#include <string>

namespace rocketmq::model {

// Bits of a topic's or broker's permission (RocketMQ: PermName).

inline constexpr int32_t kPermissionInherit = 1;
inline constexpr int32_t kPermissionWrite = 2;
inline constexpr int32_t kPermissionRead = 4;
inline constexpr int32_t kPermissionPriority = 8;  ///< Not used by anybody.

constexpr bool isReadable(int32_t permission) { return (permission & kPermissionRead) != 0; }
constexpr bool isWritable(int32_t permission) { return (permission & kPermissionWrite) != 0; }
constexpr bool isInherited(int32_t permission) { return (permission & kPermissionInherit) != 0; }

/// True for what a topic may be given: 0 to 7.
constexpr bool isValidPermission(int32_t permission) {
  return permission >= 0 && permission < kPermissionPriority;
}

/// "RW-" for 6: read, write, inherit, each a dash when missing.
inline std::string formatPermission(int32_t permission) {
  return {isReadable(permission) ? 'R' : '-', isWritable(permission) ? 'W' : '-',
          isInherited(permission) ? 'X' : '-'};
}

}  // namespace rocketmq::model

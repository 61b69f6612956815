#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rocketmq::broker {

/// What an account may do with a topic or a group; bits as RocketMQ's Permission has them.
enum class AclPermission : uint8_t { kDeny = 1, kPub = 4, kSub = 8, kPubSub = 12 };

/// "DENY", "PUB", "SUB", "PUB|SUB" or "SUB|PUB"; nullopt for other words.
inline std::optional<AclPermission> parseAclPermission(std::string_view word) {
  if (word == "DENY") {
    return AclPermission::kDeny;
  }
  if (word == "PUB") {
    return AclPermission::kPub;
  }
  if (word == "SUB") {
    return AclPermission::kSub;
  }
  if (word == "PUB|SUB" || word == "SUB|PUB") {
    return AclPermission::kPubSub;
  }
  return std::nullopt;
}

/// "PUB" for kPub.
inline std::string_view toString(AclPermission permission) {
  switch (permission) {
    case AclPermission::kPub:
      return "PUB";
    case AclPermission::kSub:
      return "SUB";
    case AclPermission::kPubSub:
      return "PUB|SUB";
    case AclPermission::kDeny:
      break;
  }
  return "DENY";
}

/// Whether who has `owned` may do `needed`, which is kPub or kSub.
inline bool allows(AclPermission owned, AclPermission needed) {
  return (static_cast<uint8_t>(owned) & static_cast<uint8_t>(needed)) != 0;
}

}  // namespace rocketmq::broker

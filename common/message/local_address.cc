#include "common/message/local_address.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "common/message/message_id.h"

namespace rocketmq {
namespace {

/// How names of interfaces begin whose addresses only this machine can reach.
constexpr std::array<std::string_view, 8> kInnerInterfaces = {"docker", "br-", "virbr", "bridge",
                                                              "veth",   "cni", "cbr",   "lxc"};

enum class Rank : int { kUnusable, kIpv6, kInnerIpv4, kGlobalIpv4 };

bool isInnerInterface(std::string_view name) {
  return std::ranges::any_of(kInnerInterfaces,
                             [name](std::string_view prefix) { return name.starts_with(prefix); });
}

Rank rankIpv4(const InterfaceAddress& candidate) {
  const auto& bytes = candidate.address.bytes;
  if (bytes[0] == 127 || bytes[0] == 0) {
    return Rank::kUnusable;
  }
  const bool is_link_local = bytes[0] == 169 && bytes[1] == 254;
  return is_link_local || isInnerInterface(candidate.interface_name) ? Rank::kInnerIpv4
                                                                     : Rank::kGlobalIpv4;
}

Rank rankIpv6(const HostAddress& address) {
  const bool is_link_local = address.bytes[0] == 0xFE && (address.bytes[1] & 0xC0) == 0x80;
  HostAddress loopback;
  loopback.is_ipv6 = true;
  const bool is_unspecified = address.bytes == loopback.bytes;
  loopback.bytes[15] = 1;
  return is_link_local || is_unspecified || address.bytes == loopback.bytes ? Rank::kUnusable
                                                                            : Rank::kIpv6;
}

std::optional<HostAddress> toHostAddress(const sockaddr* address) {
  HostAddress result;
  if (address->sa_family == AF_INET) {
    sockaddr_in ipv4;
    std::memcpy(&ipv4, address, sizeof(ipv4));
    std::memcpy(result.bytes.data(), &ipv4.sin_addr, sizeof(ipv4.sin_addr));
    return result;
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 ipv6;
    std::memcpy(&ipv6, address, sizeof(ipv6));
    std::memcpy(result.bytes.data(), &ipv6.sin6_addr, sizeof(ipv6.sin6_addr));
    result.is_ipv6 = true;
    return result;
  }
  return std::nullopt;
}

std::vector<InterfaceAddress> interfaceAddresses() {
  std::vector<InterfaceAddress> found;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) {
    return found;
  }
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr || (entry->ifa_flags & IFF_UP) == 0) {
      continue;
    }
    if (const auto address = toHostAddress(entry->ifa_addr)) {
      found.push_back({entry->ifa_name, *address});
    }
  }
  freeifaddrs(list);
  return found;
}

}  // namespace

HostAddress chooseLocalAddress(std::span<const InterfaceAddress> candidates) {
  HostAddress best;
  best.bytes = {127, 0, 0, 1};
  Rank best_rank = Rank::kUnusable;
  for (const InterfaceAddress& candidate : candidates) {
    const Rank rank = candidate.address.is_ipv6 ? rankIpv6(candidate.address) : rankIpv4(candidate);
    if (rank > best_rank) {
      best = candidate.address;
      best_rank = rank;
    }
  }
  return best;
}

const HostAddress& localAddress() {
  static const HostAddress address = chooseLocalAddress(interfaceAddresses());
  return address;
}

}  // namespace rocketmq

#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "common/message/host_address.h"
#include "common/status.h"

namespace rocketmq::broker {

/// Which addresses a line of a white list means (RocketMQ: RemoteAddressStrategy).
///
/// Threads: any.
class AddressRule {
 public:
  /// Matches nothing.
  AddressRule() = default;

  /// Understands
  ///   ""                          nothing
  ///   *  *.*.*.*  *:*:*:*:*:*:*:*  every address
  ///   10.0.0.1  2001:db8::1        one
  ///   10.0.0.1,10.0.0.7            several
  ///   10.0.0.{1,7}                 several that differ in their last part
  ///   10.0.1-9.*  2001:db8::1-ff:*  ranges; parts of an IPv6 address are hexadecimal
  ///   ::ffff:10.0.0.1  ::ffff:a00:1  what they map, 10.0.0.1: an IPv4 connection has that address
  ///                               however it arrives
  /// InvalidArgument says what is wrong with the text.
  static Result<AddressRule> parse(std::string_view text);

  bool matches(const HostAddress& address) const;

 private:
  struct Range {
    uint16_t first = 0;
    uint16_t last = 0;
  };
  /// A range for each part of an address: four of IPv4, eight of IPv6.
  struct Pattern {
    bool is_ipv6 = false;
    std::array<Range, 8> parts{};

    /// The same for the IPv4 address that an IPv6 address of the form ::ffff:a00:1 stands for.
    Pattern unmapped() const;
    /// Whether it begins with ::ffff:.
    bool isMapped() const;
  };

  static Result<Pattern> parsePattern(std::string_view text);
  static Result<Pattern> parseMapped(std::string_view text);
  static Result<AddressRule> parseBraces(std::string_view text);
  static bool parseRange(std::string_view text, bool is_ipv6, Range& out);

  bool is_everything_ = false;
  std::vector<Pattern> patterns_;
};

}  // namespace rocketmq::broker

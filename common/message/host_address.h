#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/status.h"

namespace rocketmq {

/// An IP address and a port as records and message ids hold them: 4 or 16 address bytes, then the
/// port as int32. Default: 0.0.0.0:0.
struct HostAddress {
  std::array<uint8_t, 16> bytes{};  ///< Network order; IPv4 uses the first four.
  bool is_ipv6 = false;
  int32_t port = 0;

  /// Parses "10.0.0.1:10911" or "[2001:db8::1]:10911". InvalidArgument for anything else; host
  /// names are not resolved.
  static Result<HostAddress> parse(std::string_view text);

  /// Size of the encoded form: 8 or 20 bytes.
  size_t encodedSize() const { return is_ipv6 ? 20 : 8; }

  /// Writes encodedSize() bytes at `out`.
  void encodeTo(char* out) const;

  /// Reads the form that `is_ipv6` says; all zero when the reader runs out of bytes.
  static HostAddress decode(ByteReader& reader, bool is_ipv6);

  /// "10.0.0.1:10911" or "[2001:db8::1]:10911".
  std::string toString() const;

  /// The address without the port.
  std::string ipString() const;

  bool operator==(const HostAddress&) const = default;
};

}  // namespace rocketmq

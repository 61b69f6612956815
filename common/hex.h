#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rocketmq {

/// The value of a hexadecimal digit of either case, -1 for every other character.
constexpr int hexDigit(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// The number at the front of `text` that has exactly `digits` digits, at most 8; what follows them
/// does not matter. nullopt when they are not all there.
constexpr std::optional<uint32_t> parseHex(std::string_view text, size_t digits) {
  if (text.size() < digits) {
    return std::nullopt;
  }
  uint32_t value = 0;
  for (const char c : text.substr(0, digits)) {
    const int digit = hexDigit(c);
    if (digit < 0) {
      return std::nullopt;
    }
    value = value << 4 | static_cast<uint32_t>(digit);
  }
  return value;
}

}  // namespace rocketmq

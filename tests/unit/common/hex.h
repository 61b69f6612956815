#pragma once

#include <string>
#include <string_view>

namespace rocketmq::test {

/// The bytes that a text of hex digits stands for; everything that is not a hex digit is skipped.
inline std::string fromHex(std::string_view hex) {
  std::string bytes;
  int high = -1;
  for (const char c : hex) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const size_t value = kDigits.find(c);
    if (value == std::string_view::npos) {
      continue;
    }
    if (high < 0) {
      high = static_cast<int>(value);
    } else {
      bytes += static_cast<char>(high * 16 + static_cast<int>(value));
      high = -1;
    }
  }
  return bytes;
}

}  // namespace rocketmq::test

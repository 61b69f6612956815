#include "tools/mqstore/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace rocketmq::mqstore {

std::string formatBytes(int64_t bytes) {
  constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) {
    return fmt::format("{} B", bytes);
  }
  auto value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string formatTime(TimestampMs time) {
  const std::time_t seconds = time / 1000;
  std::tm local{};
  std::array<char, 64> text{};
  // Damaged bytes may hold a year that no calendar has.
  if (time <= 0 || ::localtime_r(&seconds, &local) == nullptr) {
    return time == 0 ? "-" : std::to_string(time);
  }
  const size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &local);
  return fmt::format("{}.{:03}", std::string_view(text.data(), length), time % 1000);
}

std::string printable(std::string_view text) {
  std::string clean(text);
  std::replace_if(
      clean.begin(), clean.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  return clean;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t group = 0;
    const std::string_view three = bytes.substr(at, 3);
    for (size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0u);
    }
    for (size_t i = 0; i < 4; ++i) {
      text += i <= three.size() ? kDigits[group >> (18 - 6 * i) & 63] : '=';
    }
  }
  return text;
}

}  // namespace rocketmq::mqstore

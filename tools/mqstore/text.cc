#include "tools/mqstore/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <system_error>

#include "common/number.h"

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

std::string counted(int64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
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

std::function<std::string(const std::string&)> numberFrom(int64_t least) {
  return [least](const std::string& text) {
    const auto value = parseNumber<int64_t>(text);
    return value && *value >= least
               ? std::string()
               : fmt::format("{} is no number from {} on", printable(text), least);
  };
}

std::string printable(std::string_view text) {
  std::string clean(text);
  std::replace_if(
      clean.begin(), clean.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
  return clean;
}

bool isSamePlace(const std::string& one, const std::string& other) {
  std::error_code error;
  return std::filesystem::weakly_canonical(one, error) ==
         std::filesystem::weakly_canonical(other, error);
}

}  // namespace rocketmq::mqstore

#include "common/delay_setting.h"

#include <charconv>
#include <string>

namespace rocketmq {
namespace {

/// Longer delays than ten years are a slip of the pen, and would overflow further on.
constexpr int64_t kDelayMsMax = int64_t{3650} * 24 * 60 * 60 * 1000;

int64_t unitMs(char unit) {
  switch (unit) {
    case 's':
      return 1000;
    case 'm':
      return 60 * 1000;
    case 'h':
      return 60 * 60 * 1000;
    case 'd':
      return 24 * 60 * 60 * 1000;
    default:
      return 0;
  }
}

}  // namespace

Result<std::vector<int64_t>> parseDelayLevels(std::string_view text) {
  std::vector<int64_t> delays_ms;
  while (!text.empty()) {
    const size_t split = text.find(' ');
    const std::string_view entry = text.substr(0, split);
    text.remove_prefix(split == std::string_view::npos ? text.size() : split + 1);
    if (entry.empty()) {
      continue;
    }
    int64_t count = 0;
    const char* const unit = entry.data() + entry.size() - 1;
    const auto [end, error] = std::from_chars(entry.data(), unit, count);
    const int64_t unit_ms = unitMs(*unit);
    if (error != std::errc() || end != unit || unit_ms == 0 || count < 0 ||
        count > kDelayMsMax / unit_ms) {
      return Status::invalidArgument("\"" + std::string(entry) +
                                     "\" is not a delay: expected a number and s, m, h or d");
    }
    delays_ms.push_back(count * unit_ms);
  }
  return delays_ms;
}

}  // namespace rocketmq

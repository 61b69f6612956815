#include "broker/schedule/delay_levels.h"

#include <charconv>
#include <string>

namespace rocketmq::broker {

namespace {

/// Milliseconds of a unit letter; 0 for anything else.
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

/// Longer delays than ten years are a slip of the pen, and would overflow further on.
constexpr int64_t kDelayMsMax = int64_t{3650} * 24 * 60 * 60 * 1000;

Result<int64_t> parseDelay(std::string_view text) {
  int64_t count = 0;
  const char* const unit = text.data() + text.size() - 1;
  const auto [end, error] = std::from_chars(text.data(), unit, count);
  const int64_t unit_ms = unitMs(*unit);
  if (error != std::errc{} || end != unit || unit_ms == 0 || count < 0 ||
      count > kDelayMsMax / unit_ms) {
    return Status::invalidArgument("\"" + std::string(text) +
                                   "\" is not a delay: expected a number and s, m, h or d");
  }
  return count * unit_ms;
}

}  // namespace

Result<DelayLevels> DelayLevels::parse(std::string_view text) {
  std::vector<int64_t> delays_ms;
  while (!text.empty()) {
    const size_t end = text.find(' ');
    const std::string_view entry = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (entry.empty()) {
      continue;
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const int64_t delay_ms, parseDelay(entry));
    delays_ms.push_back(delay_ms);
  }
  if (delays_ms.empty()) {
    return Status::invalidArgument("no delay level given");
  }
  return DelayLevels(std::move(delays_ms));
}

}  // namespace rocketmq::broker

#include "tools/mqadmin/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <iterator>

#include "common/local_time.h"

namespace rocketmq::mqadmin {
namespace {

std::string formatTime(TimestampMs time, const char* format) {
  const std::tm local = localTime(time);
  char text[32];
  return {text, std::strftime(text, sizeof(text), format, &local)};
}

}  // namespace

std::string formatSeconds(TimestampMs time) { return formatTime(time, "%Y-%m-%d %H:%M:%S"); }

std::string formatMillis(TimestampMs time) {
  return fmt::format("{},{:03}", formatSeconds(time), time % 1000);
}

Result<TimestampMs> parseTime(const std::string& text) {
  if (text == "now") {
    return TimestampMs{-1};
  }
  TimestampMs millis = 0;
  const char* end = text.data() + text.size();
  if (const auto parsed = std::from_chars(text.data(), end, millis);
      parsed.ec == std::errc() && parsed.ptr == end && !text.empty()) {
    return millis;
  }
  std::tm given{};
  int rest = 0;
  int read = 0;
  const bool is_date = std::sscanf(text.c_str(), "%4d-%2d-%2d#%2d:%2d:%2d:%3d%n", &given.tm_year,
                                   &given.tm_mon, &given.tm_mday, &given.tm_hour, &given.tm_min,
                                   &given.tm_sec, &rest, &read) == 7 &&
                       read == std::ssize(text);
  given.tm_year -= 1900;
  given.tm_mon -= 1;
  given.tm_isdst = -1;
  std::tm local = given;
  const std::time_t seconds = is_date ? std::mktime(&local) : -1;
  // There is no 30 February: mktime() would take it for a day in March.
  if (!is_date || local.tm_mon != given.tm_mon || local.tm_mday != given.tm_mday || rest < 0) {
    return Status::invalidArgument("\"" + text +
                                   "\" is not a time; give now, milliseconds since 1970, or "
                                   "yyyy-MM-dd#HH:mm:ss:SSS");
  }
  return TimestampMs{seconds} * 1000 + rest;
}

bool parseBool(const std::string& text) {
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower == "true";
}

std::string cut(std::string_view text, size_t bytes_max) {
  return std::string(text.substr(0, bytes_max));
}

}  // namespace rocketmq::mqadmin

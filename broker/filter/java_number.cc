#include "broker/filter/java_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "common/text.h"

namespace rocketmq::broker::filter {

namespace {

template <class Integer>
std::optional<Integer> parseInteger(std::string_view text) {
  // from_chars knows no plus sign, and must not see a second sign after it.
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') {
    text.remove_prefix(1);
  }
  Integer value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) {
    return std::nullopt;
  }
  return value;
}

bool isDigit(char c) { return c >= '0' && c <= '9'; }

bool startsHexadecimal(std::string_view text) {
  return text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
}

/// True when the number is below one: what it became when it left the range of double is zero.
bool isTiny(std::string_view digits, bool is_hexadecimal) {
  const size_t mark = digits.find_first_of(is_hexadecimal ? "pP" : "eE");
  if (mark != std::string_view::npos && mark + 1 < digits.size()) {
    return digits[mark + 1] == '-';
  }
  // Without an exponent only leading zeros after the point make a number that small.
  return digits.find_first_not_of("0.") > digits.find('.');
}

/// `digits` is without sign and suffix.
std::optional<double> parseMagnitude(std::string_view digits) {
  const bool is_hexadecimal = startsHexadecimal(digits);
  if (is_hexadecimal) {
    digits.remove_prefix(2);
    if (digits.find_first_of("pP") == std::string_view::npos) {
      return std::nullopt;
    }
  } else if (digits.empty() || !(isDigit(digits.front()) || digits.front() == '.')) {
    return std::nullopt;  // from_chars would take "inf" and "nan".
  }
  double value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, error] =
      std::from_chars(digits.data(), end, value,
                      is_hexadecimal ? std::chars_format::hex : std::chars_format::general);
  if (stopped != end || error == std::errc::invalid_argument) {
    return std::nullopt;
  }
  if (error == std::errc::result_out_of_range) {
    return isTiny(digits, is_hexadecimal) ? 0.0 : std::numeric_limits<double>::infinity();
  }
  return value;
}

}  // namespace

std::optional<int32_t> parseJavaInt(std::string_view text) { return parseInteger<int32_t>(text); }

std::optional<int64_t> parseJavaLong(std::string_view text) { return parseInteger<int64_t>(text); }

std::optional<double> parseJavaDouble(std::string_view text) {
  text = javaTrim(text);
  const bool is_negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    text.remove_prefix(1);
  }
  std::optional<double> magnitude;
  if (text == "NaN") {
    magnitude = std::numeric_limits<double>::quiet_NaN();
  } else if (text == "Infinity") {
    magnitude = std::numeric_limits<double>::infinity();
  } else {
    const size_t suffix = text.find_last_of("fFdD");
    // In a hexadecimal number f and d are digits up to the exponent.
    if (suffix != std::string_view::npos && suffix + 1 == text.size() &&
        (!startsHexadecimal(text) || text.find_first_of("pP") != std::string_view::npos)) {
      text.remove_suffix(1);
    }
    magnitude = parseMagnitude(text);
  }
  return magnitude && is_negative ? std::optional<double>(-*magnitude) : magnitude;
}

int compareJavaDoubles(double left, double right) {
  if (std::isnan(left) || std::isnan(right)) {
    return static_cast<int>(std::isnan(left)) - static_cast<int>(std::isnan(right));
  }
  if (left != right) {
    return left < right ? -1 : 1;
  }
  return static_cast<int>(std::signbit(right)) - static_cast<int>(std::signbit(left));
}

}  // namespace rocketmq::broker::filter

#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace rocketmq {

/// A whole text that is a decimal number of the type, as std::from_chars() takes it: no blank, no
/// plus sign. nullopt for anything else.
template <class Number>
std::optional<Number> parseNumber(std::string_view text) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stop == end ? std::optional(number) : std::nullopt;
}

/// The same as Java's parsers take it: with a plus sign, too.
template <class Number>
std::optional<Number> parseJavaNumber(std::string_view text) {
  const bool has_plus = text.size() > 1 && text[0] == '+' && text[1] != '-';
  return parseNumber<Number>(has_plus ? text.substr(1) : text);
}

}  // namespace rocketmq

#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace rocketmq {

// Of ASCII only, as all names in RocketMQ's protocol are.

constexpr char toLower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// String.equalsIgnoreCase() of Java.
constexpr bool equalsIgnoreCase(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
  }
  for (size_t i = 0; i < a.size(); ++i) {
    if (toLower(a[i]) != toLower(b[i])) {
      return false;
    }
  }
  return true;
}

/// String.trim() of Java: without what is at the blank or below it in ASCII on both sides.
inline std::string_view javaTrim(std::string_view text) {
  const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

/// The parts of a list such as "a,b,c" that are not empty; views of `text`.
inline std::vector<std::string_view> splitList(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (end > 0) {
      parts.push_back(text.substr(0, end));
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

/// The same for a list that people write, such as "a, b,": without blanks around the parts.
inline std::vector<std::string_view> splitTrimmedList(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (const std::string_view part : splitList(text, separator)) {
    if (const std::string_view trimmed = javaTrim(part); !trimmed.empty()) {
      parts.push_back(trimmed);
    }
  }
  return parts;
}

/// Whether it looks like "host:port": one colon at least, something before the last one, up to five
/// digits behind it, and no comma, which people write between addresses.
inline bool isHostAndPort(std::string_view address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == address.size() ||
      address.find(',') != std::string_view::npos) {
    return false;
  }
  const std::string_view port = address.substr(colon + 1);
  return port.size() <= 5 && port.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace rocketmq

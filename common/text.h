#pragma once

#include <string_view>

namespace rocketmq {

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

}  // namespace rocketmq

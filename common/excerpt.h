#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rocketmq {

/// As long as the longest name that is legal.
inline constexpr size_t kExcerptBytesMax = 255;

constexpr bool isControlCharacter(char byte) {
  return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f;
}

/// A text from somebody else for a message: control characters are written as \x0a, so that they do
/// nothing to a terminal or a log, and what is longer than `bytes_max` ends with "...".
std::string excerpt(std::string_view text, size_t bytes_max = kExcerptBytesMax);

}  // namespace rocketmq

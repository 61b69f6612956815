#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rocketmq::utf8 {

inline constexpr uint32_t kReplacementCharacter = 0xFFFD;
inline constexpr uint32_t kFirstAboveOneUnit = 0x10000;

/// A character and the bytes it takes in UTF-8.
struct CodePoint {
  uint32_t value = 0;
  size_t bytes = 0;
  bool is_valid = true;
};

/// The character at the front of `text`, which must not be empty. Where the bytes are not UTF-8 it
/// is U+FFFD of one byte and not valid.
CodePoint next(std::string_view text);

bool isValid(std::string_view text);

/// Appends the character; a number that is none, or one half of a surrogate pair, as U+FFFD.
void append(std::string& out, uint32_t code_point);

constexpr bool isHighSurrogate(uint32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
constexpr bool isLowSurrogate(uint32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

/// The character that the two UTF-16 units stand for.
constexpr uint32_t fromSurrogates(uint32_t high, uint32_t low) {
  return kFirstAboveOneUnit + ((high - 0xD800) << 10) + (low - 0xDC00);
}

/// The two UTF-16 units that stand for a character from kFirstAboveOneUnit on.
constexpr uint32_t highSurrogate(uint32_t code_point) {
  return 0xD800 + ((code_point - kFirstAboveOneUnit) >> 10);
}
constexpr uint32_t lowSurrogate(uint32_t code_point) {
  return 0xDC00 + ((code_point - kFirstAboveOneUnit) & 0x3FF);
}

}  // namespace rocketmq::utf8

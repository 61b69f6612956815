#include "common/utf8.h"

namespace rocketmq::utf8 {
namespace {

constexpr uint32_t kCodePointMax = 0x10FFFF;
constexpr CodePoint kInvalid{kReplacementCharacter, 1, false};

bool isSurrogate(uint32_t code_point) {
  return isHighSurrogate(code_point) || isLowSurrogate(code_point);
}

/// The number of bytes that a sequence with this first byte has; 0 for an impossible one.
size_t sequenceBytes(unsigned char first) {
  if (first < 0x80) {
    return 1;
  }
  if (first >= 0xC2 && first <= 0xDF) {
    return 2;
  }
  if (first >= 0xE0 && first <= 0xEF) {
    return 3;
  }
  return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

}  // namespace

CodePoint next(std::string_view text) {
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, kFirstAboveOneUnit};
  const auto first = static_cast<unsigned char>(text[0]);
  const size_t bytes = sequenceBytes(first);
  if (bytes == 1) {
    return {first, 1};
  }
  if (bytes == 0 || bytes > text.size()) {
    return kInvalid;
  }
  uint32_t value = first & (0x7Fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    const auto following = static_cast<unsigned char>(text[i]);
    if ((following & 0xC0) != 0x80) {
      return kInvalid;
    }
    value = (value << 6) | (following & 0x3Fu);
  }
  if (value < kSmallest[bytes] || value > kCodePointMax || isSurrogate(value)) {
    return kInvalid;
  }
  return {value, bytes};
}

bool isValid(std::string_view text) {
  while (!text.empty()) {
    const CodePoint point = next(text);
    if (!point.is_valid) {
      return false;
    }
    text.remove_prefix(point.bytes);
  }
  return true;
}

void append(std::string& out, uint32_t code_point) {
  if (isSurrogate(code_point) || code_point > kCodePointMax) {
    code_point = kReplacementCharacter;
  }
  const auto following = [&out, code_point](unsigned shift) {
    out += static_cast<char>(0x80 | ((code_point >> shift) & 0x3F));
  };
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0 | (code_point >> 6));
    following(0);
  } else if (code_point < kFirstAboveOneUnit) {
    out += static_cast<char>(0xE0 | (code_point >> 12));
    following(6);
    following(0);
  } else {
    out += static_cast<char>(0xF0 | (code_point >> 18));
    following(12);
    following(6);
    following(0);
  }
}

}  // namespace rocketmq::utf8

#include "common/base64.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace rocketmq {

namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode(std::string_view bytes, std::string_view digits) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t group = 0;
    const std::string_view three = bytes.substr(at, 3);
    for (size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0u);
    }
    for (size_t i = 0; i < 4; ++i) {
      text += i <= three.size() ? digits[group >> (18 - 6 * i) & 63] : '=';
    }
  }
  return text;
}

/// The value of each character, -1 for those that are no digits.
constexpr std::array<int8_t, 256> valuesOf(std::string_view digits) {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  for (size_t i = 0; i < digits.size(); ++i) {
    values[static_cast<unsigned char>(digits[i])] = static_cast<int8_t>(i);
  }
  return values;
}

/// The text without its padding; unchanged, and so refused, when that is not what fills it up.
std::string_view withoutPadding(std::string_view text) {
  const size_t padding = text.size() - std::min(text.size(), text.find_last_not_of('=') + 1);
  return padding <= 2 && text.size() % 4 == 0 ? text.substr(0, text.size() - padding) : text;
}

}  // namespace

std::string base64(std::string_view bytes) { return encode(bytes, kDigits); }

std::string base64Url(std::string_view bytes) { return encode(bytes, kUrlDigits); }

Result<std::string> decodeBase64Url(std::string_view text) {
  static constexpr std::array<int8_t, 256> kValues = valuesOf(kUrlDigits);
  const std::string_view digits = withoutPadding(text);
  if (digits.size() % 4 == 1) {
    return Status::invalidArgument("the length is not one that URL-safe Base64 has");
  }
  std::string bytes;
  bytes.reserve(digits.size() / 4 * 3 + 2);
  uint32_t bits = 0;
  int held = 0;
  for (const char digit : digits) {
    const int8_t value = kValues[static_cast<unsigned char>(digit)];
    if (value < 0) {
      return Status::invalidArgument("a character is not of URL-safe Base64");
    }
    bits = bits << 6 | static_cast<uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes.push_back(static_cast<char>(bits >> held & 0xFF));
    }
  }
  return bytes;
}

}  // namespace rocketmq

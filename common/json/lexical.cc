#include "common/json/lexical.h"

#include <cstdint>

#include "common/utf8.h"

namespace rocketmq::json {
namespace {

/// The value of up to `count` hexadecimal digits at `at`; -1 when they are not all there.
int32_t parseHex(const char* at, const char* end, int count) {
  if (end - at < count) {
    return -1;
  }
  int32_t value = 0;
  for (int i = 0; i < count; ++i) {
    const char c = at[i];
    int32_t digit = 0;
    if (isDigit(c)) {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

/// The character that a one-letter escape stands for; -1 when there is no such escape.
int simpleEscape(char letter) {
  switch (letter) {
    case 'b':
      return '\b';
    case 't':
      return '\t';
    case 'n':
      return '\n';
    case 'v':
      return '\v';
    case 'f':
    case 'F':
      return '\f';
    case 'r':
      return '\r';
    case '"':
    case '\'':
    case '/':
    case '\\':
      return letter;
    default:
      return letter >= '0' && letter <= '7' ? letter - '0' : -1;
  }
}

}  // namespace

const char* scanNumber(const char* at, const char* end) {
  const auto digits = [&] {
    const char* const start = at;
    while (at != end && isDigit(*at)) {
      ++at;
    }
    return at != start;
  };
  if (at != end && *at == '-') {
    ++at;
  }
  if (!digits()) {
    return nullptr;
  }
  if (at != end && *at == '.') {
    ++at;
    digits();
  }
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    if (at != end && (*at == '+' || *at == '-')) {
      ++at;
    }
    if (!digits()) {
      return nullptr;
    }
  }
  return at;
}

const char* unescapeOne(const char* at, const char* end, std::string& out) {
  const char letter = at[1];
  at += 2;
  if (letter != 'u' && letter != 'x') {
    const int character = simpleEscape(letter);
    if (character < 0) {
      return nullptr;
    }
    out.push_back(static_cast<char>(character));
    return at;
  }
  const int digits = letter == 'u' ? 4 : 2;
  const int32_t unit = parseHex(at, end, digits);
  if (unit < 0) {
    return nullptr;
  }
  at += digits;
  auto code_point = static_cast<uint32_t>(unit);
  if (code_point >= 0xD800 && code_point <= 0xDBFF && end - at >= 6 && at[0] == '\\' &&
      at[1] == 'u') {
    const int32_t low = parseHex(at + 2, end, 4);
    if (low >= 0xDC00 && low <= 0xDFFF) {
      code_point = utf8::kFirstAboveOneUnit + ((code_point - 0xD800) << 10) +
                   (static_cast<uint32_t>(low) - 0xDC00);
      at += 6;
    }
  }
  utf8::append(out, code_point);
  return at;
}

}  // namespace rocketmq::json

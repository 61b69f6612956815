#include "common/json/lexical.h"

#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/hex.h"
#include "common/utf8.h"

namespace rocketmq::json {
namespace {

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
  const size_t digits = letter == 'u' ? 4 : 2;
  const std::optional<uint32_t> unit = parseHex({at, end}, digits);
  if (!unit) {
    return nullptr;
  }
  at += digits;
  uint32_t code_point = *unit;
  if (utf8::isHighSurrogate(code_point) && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
    const uint32_t low = parseHex({at + 2, end}, 4).value_or(0);
    if (utf8::isLowSurrogate(low)) {
      code_point = utf8::fromSurrogates(code_point, low);
      at += 6;
    }
  }
  utf8::append(out, code_point);
  return at;
}

}  // namespace rocketmq::json

#pragma once

#include <string>

namespace rocketmq::json {

// The characters, numbers and escapes of JSON and of fastjson's dialect.

inline bool isBlank(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' || c == '\b';
}

inline bool isDigit(char c) { return c >= '0' && c <= '9'; }

/// What fastjson takes for an unquoted key, and a little more: numbers, dots, dashes, non-ASCII.
inline bool isWordCharacter(char c) {
  return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
         c == '.' || c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

/// The end of the number that starts at `at`; nullptr when it is none.
const char* scanNumber(const char* at, const char* end);

/// Appends to `out` what the escape at `at` (a backslash with something behind it) stands for, and
/// returns its end; nullptr when it is wrong.
const char* unescapeOne(const char* at, const char* end, std::string& out);

}  // namespace rocketmq::json

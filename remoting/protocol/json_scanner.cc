#include "remoting/protocol/json_scanner.h"

#include <bit>
#include <cstring>
#include <optional>

#include "common/hex.h"
#include "common/utf8.h"
#include "remoting/protocol/byte_words.h"

namespace rocketmq::remoting {
namespace {

/// Objects and arrays inside a value may nest this deep; the rest of a header has a fixed shape.
constexpr int kNestingMax = 32;

/// The first quote or backslash, or `end`. Property strings make up most of a header, hence eight
/// bytes at a time.
char* findQuoteOrBackslash(char* at, const char* end) {
  while (end - at >= 8) {
    uint64_t word;
    std::memcpy(&word, at, sizeof(word));
    const uint64_t found = zeroBytes(word ^ repeatByte('"')) | zeroBytes(word ^ repeatByte('\\'));
    if (found != 0) {
      if constexpr (std::endian::native == std::endian::little) {
        // Only bits above the first match can be wrong, so the lowest one is right.
        return at + std::countr_zero(found) / 8;
      }
      break;
    }
    at += sizeof(word);
  }
  while (at != end && *at != '"' && *at != '\\') {
    ++at;
  }
  return at;
}

bool isTokenChar(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
         c == '+' || c == '.';
}

bool isNumber(std::string_view text) {
  const auto skipDigits = [&text] {
    size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
      ++digits;
    }
    text.remove_prefix(digits);
    return digits > 0;
  };
  const auto skipOneOf = [&text](char one, char other) {
    const bool found = !text.empty() && (text.front() == one || text.front() == other);
    text.remove_prefix(found ? 1 : 0);
    return found;
  };
  skipOneOf('-', '-');
  if (!skipDigits() || (skipOneOf('.', '.') && !skipDigits())) {
    return false;
  }
  if (skipOneOf('e', 'E')) {
    skipOneOf('+', '-');
    if (!skipDigits()) {
      return false;
    }
  }
  return text.empty();
}

/// Writes a code point as UTF-8 and returns the end. Needs at most as many bytes as the escape
/// that it comes from.
char* writeUtf8(char* to, uint32_t code_point) {
  const auto put = [&to](uint32_t byte) { *to++ = static_cast<char>(byte); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3F));
    put(0x80 | (code_point >> 6 & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
  return to;
}

}  // namespace

bool JsonScanner::readValue(JsonValue& value) {
  if (at_ == end_) {
    return false;
  }
  if (*at_ == '"') {
    value.kind = JsonValue::Kind::kString;
    return readString(value.text);
  }
  if (*at_ == '{' || *at_ == '[') {
    const char* const begin = at_;
    value.kind = JsonValue::Kind::kNested;
    if (!skipNested(1)) {
      return false;
    }
    value.text = {begin, static_cast<size_t>(at_ - begin)};
    return true;
  }
  return readToken(value);
}

bool JsonScanner::readString(std::string_view& text) {
  if (!consume('"')) {
    return false;
  }
  char* const begin = at_;
  at_ = findQuoteOrBackslash(at_, end_);
  if (at_ == end_) {
    return false;
  }
  if (*at_ == '\\') {
    return readEscapedString(begin, text);
  }
  text = {begin, static_cast<size_t>(at_ - begin)};
  ++at_;
  return true;
}

/// Goes on from the first backslash: `to` follows behind at_, because an escape is never shorter
/// than what it stands for.
bool JsonScanner::readEscapedString(char* begin, std::string_view& text) {
  char* to = at_;
  while (*at_ == '\\') {
    ++at_;
    if (!undoEscape(to)) {
      return false;
    }
    const char* const run = at_;
    at_ = findQuoteOrBackslash(at_, end_);
    const auto run_bytes = static_cast<size_t>(at_ - run);
    std::memmove(to, run, run_bytes);
    to += run_bytes;
    if (at_ == end_) {
      return false;
    }
  }
  text = {begin, static_cast<size_t>(to - begin)};
  ++at_;
  return true;
}

bool JsonScanner::undoEscape(char*& to) {
  if (at_ == end_) {
    return false;
  }
  const char c = *at_++;
  switch (c) {
    case '"':
    case '\\':
    case '/':
    case '\'':
      *to++ = c;
      return true;
    case 'b':
      *to++ = '\b';
      return true;
    case 'f':
      *to++ = '\f';
      return true;
    case 'n':
      *to++ = '\n';
      return true;
    case 'r':
      *to++ = '\r';
      return true;
    case 't':
      *to++ = '\t';
      return true;
    case 'x': {  // RocketMQ parity: \x41, which fastjson reads.
      uint32_t code_point = 0;
      if (!readHex(2, code_point)) {
        return false;
      }
      to = writeUtf8(to, code_point);
      return true;
    }
    case 'u':
      return undoUnicodeEscape(to);
    default:
      return false;
  }
}

/// A code unit that is half of a pair without its other half becomes U+FFFD.
bool JsonScanner::undoUnicodeEscape(char*& to) {
  uint32_t unit = 0;
  if (!readHex(4, unit)) {
    return false;
  }
  if (utf8::isHighSurrogate(unit) && end_ - at_ >= 2 && at_[0] == '\\' && at_[1] == 'u') {
    char* const after_high = at_;
    at_ += 2;
    uint32_t low = 0;
    if (!readHex(4, low)) {
      return false;
    }
    if (utf8::isLowSurrogate(low)) {
      to = writeUtf8(to, utf8::fromSurrogates(unit, low));
      return true;
    }
    at_ = after_high;
  }
  const bool is_half = utf8::isHighSurrogate(unit) || utf8::isLowSurrogate(unit);
  to = writeUtf8(to, is_half ? utf8::kReplacementCharacter : unit);
  return true;
}

bool JsonScanner::readHex(size_t digits, uint32_t& value) {
  const std::optional<uint32_t> read = parseHex({at_, end_}, digits);
  if (!read) {
    return false;
  }
  value = *read;
  at_ += digits;
  return true;
}

/// Numbers, true, false and null.
bool JsonScanner::readToken(JsonValue& value) {
  char* const begin = at_;
  while (at_ != end_ && isTokenChar(*at_)) {
    ++at_;
  }
  value.text = {begin, static_cast<size_t>(at_ - begin)};
  if (value.text == "true" || value.text == "false") {
    value.kind = JsonValue::Kind::kBool;
    return true;
  }
  if (value.text == "null") {
    value.kind = JsonValue::Kind::kNull;
    return true;
  }
  value.kind = JsonValue::Kind::kNumber;
  if (!isNumber(value.text)) {
    at_ = begin;
    return false;
  }
  return true;
}

/// Like readString(), but leaves the bytes as they are.
bool JsonScanner::skipString() {
  if (!consume('"')) {
    return false;
  }
  for (;;) {
    at_ = findQuoteOrBackslash(at_, end_);
    if (at_ == end_) {
      return false;
    }
    if (*at_++ == '"') {
      return true;
    }
    if (at_ == end_) {
      return false;
    }
    ++at_;
  }
}

bool JsonScanner::skipNested(int depth) {
  const bool is_object = *at_++ == '{';
  const char close = is_object ? '}' : ']';
  skipSpace();
  if (consume(close)) {
    return true;
  }
  for (;;) {
    if (is_object && (!skipString() || !consumeColon())) {
      return false;
    }
    if (!skipValue(depth)) {
      return false;
    }
    skipSpace();
    if (consume(close)) {
      return true;
    }
    if (!consume(',')) {
      return false;
    }
    skipSpace();
  }
}

bool JsonScanner::skipValue(int depth) {
  if (at_ == end_) {
    return false;
  }
  if (*at_ == '"') {
    return skipString();
  }
  if (*at_ == '{' || *at_ == '[') {
    return depth < kNestingMax && skipNested(depth + 1);
  }
  JsonValue ignored;
  return readToken(ignored);
}

}  // namespace rocketmq::remoting

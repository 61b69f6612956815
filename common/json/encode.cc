#include "common/json/encode.h"

#include <cmath>

#include "common/utf8.h"

namespace rocketmq::json::detail {
namespace {

/// Integers up to here are exact in JavaScript.
constexpr int64_t kExactInDouble = (int64_t{1} << 53) - 1;

void appendUnit(std::string& out, uint32_t unit) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  const char text[] = {'\\',
                       'u',
                       kDigits[unit >> 12 & 0xF],
                       kDigits[unit >> 8 & 0xF],
                       kDigits[unit >> 4 & 0xF],
                       kDigits[unit & 0xF]};
  out.append(text, sizeof(text));
}

void appendEscaped(std::string& out, uint32_t code_point) {
  if (code_point < utf8::kFirstAboveOneUnit) {
    appendUnit(out, code_point);
  } else {
    appendUnit(out, utf8::highSurrogate(code_point));
    appendUnit(out, utf8::lowSurrogate(code_point));
  }
}

/// The letter of a two-character escape; 0 where there is none.
char shortEscape(char c, bool strict) {
  switch (c) {
    case '\b':
      return 'b';
    case '\t':
      return 't';
    case '\n':
      return 'n';
    case '\f':
      return 'f';
    case '\r':
      return 'r';
    case '"':
    case '\\':
      return c;
    case '/':
      return strict ? c : '\0';
    default:
      return '\0';
  }
}

/// True for what no style escapes.
bool isPlain(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\' && c != '/'; }

void appendAscii(std::string& out, char c, bool strict) {
  if (const char letter = shortEscape(c, strict); letter != '\0') {
    out.push_back('\\');
    out.push_back(letter);
  } else if (static_cast<uint8_t>(c) < 0x20 || c == 0x7F) {
    appendUnit(out, static_cast<uint8_t>(c));
  } else {
    out.push_back(c);
  }
}

void appendQuoted(std::string& out, std::string_view text, bool strict) {
  out.reserve(out.size() + text.size() + 2);
  out.push_back('"');
  while (!text.empty()) {
    size_t plain = 0;
    while (plain < text.size() && isPlain(text[plain])) {
      ++plain;
    }
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) {
      break;
    }
    if (static_cast<uint8_t>(text.front()) < 0x80) {
      appendAscii(out, text.front(), strict);
      text.remove_prefix(1);
      continue;
    }
    const utf8::CodePoint point = utf8::next(text);
    if (strict || point.value < 0xA0 || point.value == 0x2028 || point.value == 0x2029) {
      appendEscaped(out, point.value);
    } else {
      utf8::append(out, point.value);
    }
    text.remove_prefix(point.bytes);
  }
  out.push_back('"');
}

/// Double.toString of Java for a finite value: plain from 1E-3 up to 1E7, else with an exponent,
/// and always a digit behind the point.
void appendDouble(std::string& out, double value) {
  char text[40];
  const auto scientific =
      std::to_chars(text, text + sizeof(text), std::fabs(value), std::chars_format::scientific);
  const std::string_view shortest(text, static_cast<size_t>(scientific.ptr - text));
  const size_t mark = shortest.find('e');
  std::string digits(shortest.substr(0, mark));
  std::erase(digits, '.');
  int exponent = 0;
  std::string_view exponent_text = shortest.substr(mark + 1);
  if (exponent_text.starts_with('+')) {
    exponent_text.remove_prefix(1);
  }
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);

  const bool plain = value == 0 || (exponent >= -3 && exponent < 7);
  const int point = plain ? exponent : 0;  // Digits before the point, less one.
  if (point < 0) {
    digits.insert(0, static_cast<size_t>(-point), '0');
  }
  const auto whole = static_cast<size_t>(point < 0 ? 1 : point + 1);
  if (digits.size() < whole + 1) {
    digits.append(whole + 1 - digits.size(), '0');
  }
  if (std::signbit(value)) {
    out.push_back('-');
  }
  out.append(digits, 0, whole).append(".").append(digits, whole);
  if (!plain) {
    out.append("E").append(std::to_string(exponent));
  }
}

}  // namespace

void Writer::begin(char bracket) {
  out_.push_back(bracket);
  ++indent_;
  is_first_ = true;
}

void Writer::end(char bracket, bool own_line) {
  --indent_;
  if (own_line) {
    newLine();
  }
  out_.push_back(bracket);
  is_first_ = false;
}

void Writer::comma() {
  if (!is_first_) {
    out_.push_back(',');
  }
  is_first_ = false;
}

void Writer::newLine() {
  if (style_ == Style::kPretty) {
    out_.push_back('\n');
    out_.append(indent_, '\t');
  }
}

void Writer::element(bool own_line) {
  comma();
  if (own_line) {
    newLine();
  }
}

void Writer::fieldName(std::string_view name) {
  comma();
  newLine();
  out_.push_back('"');
  out_.append(name);
  out_.append("\":");
}

void Writer::textKey(std::string_view key) {
  comma();
  newLine();
  text(key);
  out_.push_back(':');
}

void Writer::integerKey(int64_t key) {
  comma();
  if (quotesKeys()) {
    out_.push_back('"');
    digits(key);
    out_.push_back('"');
  } else {
    digits(key);
  }
  out_.push_back(':');
}

void Writer::objectKey(std::string_view key) {
  comma();
  quotesKeys() ? text(key) : raw(key);
  out_.push_back(':');
}

void Writer::digits(int64_t value) {
  char text[24];
  const auto written = std::to_chars(text, text + sizeof(text), value);
  out_.append(text, written.ptr);
}

void Writer::integer(int64_t value) {
  if (style_ == Style::kStrict && (value > kExactInDouble || value < -kExactInDouble)) {
    out_.push_back('"');
    digits(value);
    out_.push_back('"');
  } else {
    digits(value);
  }
}

void Writer::real(double value) {
  // RocketMQ parity: fastjson writes null for what JSON has no number for.
  std::isfinite(value) ? appendDouble(out_, value) : null();
}

void Writer::text(std::string_view value) { appendQuoted(out_, value, style_ == Style::kStrict); }

}  // namespace rocketmq::json::detail

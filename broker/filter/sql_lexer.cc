#include "broker/filter/sql_lexer.h"

#include <algorithm>
#include <array>
#include <utility>

namespace rocketmq::broker::filter {

namespace {

constexpr std::array<std::pair<std::string_view, TokenKind>, 12> kKeywords = {{
    {"NOT", TokenKind::kNot},
    {"AND", TokenKind::kAnd},
    {"OR", TokenKind::kOr},
    {"BETWEEN", TokenKind::kBetween},
    {"IN", TokenKind::kIn},
    {"TRUE", TokenKind::kTrue},
    {"FALSE", TokenKind::kFalse},
    {"NULL", TokenKind::kNull},
    {"IS", TokenKind::kIs},
    {"CONTAINS", TokenKind::kContains},
    {"STARTSWITH", TokenKind::kStartsWith},
    {"ENDSWITH", TokenKind::kEndsWith},
}};

/// Longer ones first.
constexpr std::array<std::pair<std::string_view, TokenKind>, 11> kOperators = {{
    {"<>", TokenKind::kNotEqual},
    {"<=", TokenKind::kLessEqual},
    {">=", TokenKind::kGreaterEqual},
    {"=", TokenKind::kEqual},
    {"<", TokenKind::kLess},
    {">", TokenKind::kGreater},
    {"(", TokenKind::kOpen},
    {")", TokenKind::kClose},
    {",", TokenKind::kComma},
    {"+", TokenKind::kPlus},
    {"-", TokenKind::kMinus},
}};

bool isDigit(char c) { return c >= '0' && c <= '9'; }

bool isNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool isKeyword(std::string_view word, std::string_view keyword) {
  return std::equal(word.begin(), word.end(), keyword.begin(), keyword.end(),
                    [](char a, char b) { return upper(a) == b; });
}

std::string shown(char c) {
  if (c >= ' ' && c <= '~') {
    return {'\'', c, '\''};
  }
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return {'0', 'x', kHex[byte >> 4], kHex[byte & 15]};
}

}  // namespace

Status faultAt(std::string_view expression, size_t position, const std::string& what) {
  const std::string_view before = expression.substr(0, position);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0.
  return Status::invalidArgument(what + " at line " + std::to_string(line) + ", column " +
                                 std::to_string(position - line_start + 1));
}

void SqlLexer::skipBlanksAndComments() {
  for (;;) {
    const size_t start = position_;
    position_ = std::min(expression_.find_first_not_of(" \t\n\r\f", position_), expression_.size());
    const std::string_view rest = expression_.substr(position_);
    if (rest.starts_with("--")) {
      // RocketMQ parity: without an end of line these are two minus signs.
      const size_t end = rest.find_first_of("\r\n");
      position_ += end == std::string_view::npos ? 0 : end + 1;
    } else if (rest.starts_with("/*")) {
      const size_t end = rest.find("*/", 2);
      position_ += end == std::string_view::npos ? 0 : end + 2;
    }
    if (position_ == start) {
      return;
    }
  }
}

Token SqlLexer::take(TokenKind kind, size_t length) {
  const Token token{
      .kind = kind, .text = expression_.substr(position_, length), .position = position_};
  position_ += length;
  return token;
}

size_t SqlLexer::digitsFrom(size_t from) const {
  size_t end = from;
  while (isDigit(at(end))) {
    ++end;
  }
  return end;
}

Token SqlLexer::takeNumber() {
  const size_t whole_end = digitsFrom(position_);
  size_t end = whole_end;
  if (at(end) == '.') {
    end = digitsFrom(end + 1);
  }
  if (upper(at(end)) == 'E') {
    const size_t exponent = end + (at(end + 1) == '+' || at(end + 1) == '-' ? 2 : 1);
    end = isDigit(at(exponent)) ? digitsFrom(exponent) : end;
  }
  if (end != whole_end) {
    return take(TokenKind::kFloat, end - position_);
  }
  if (at(position_) == '0') {
    return take(TokenKind::kInteger, 1);  // No integer begins with a zero, except zero.
  }
  return take(TokenKind::kInteger, end - position_ + (upper(at(end)) == 'L' ? 1 : 0));
}

Result<Token> SqlLexer::takeString() {
  size_t end = position_ + 1;
  for (;;) {
    end = expression_.find('\'', end);
    if (end == std::string_view::npos) {
      return faultAt(expression_, position_, "the string that begins has no closing quote");
    }
    if (at(end + 1) != '\'') {
      return take(TokenKind::kString, end + 1 - position_);
    }
    end += 2;
  }
}

Token SqlLexer::takeWord() {
  size_t end = position_ + 1;
  while (isNameStart(at(end)) || isDigit(at(end))) {
    ++end;
  }
  const std::string_view word = expression_.substr(position_, end - position_);
  for (const auto& [keyword, kind] : kKeywords) {
    if (isKeyword(word, keyword)) {
      return take(kind, word.size());
    }
  }
  return take(TokenKind::kName, word.size());
}

Result<Token> SqlLexer::next() {
  skipBlanksAndComments();
  if (position_ == expression_.size()) {
    return take(TokenKind::kEnd, 0);
  }
  const char first = at(position_);
  if (isDigit(first) || (first == '.' && isDigit(at(position_ + 1)))) {
    return takeNumber();
  }
  if (first == '\'') {
    return takeString();
  }
  if (isNameStart(first)) {
    return takeWord();
  }
  for (const auto& [text, kind] : kOperators) {
    if (expression_.substr(position_).starts_with(text)) {
      return take(kind, text.size());
    }
  }
  return faultAt(expression_, position_, shown(first) + " does not belong in an expression");
}

}  // namespace rocketmq::broker::filter

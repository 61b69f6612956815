#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/status.h"

namespace rocketmq::broker::filter {

enum class TokenKind : uint8_t {
  kEnd,
  kNot,
  kAnd,
  kOr,
  kBetween,
  kIn,
  kTrue,
  kFalse,
  kNull,
  kIs,
  kContains,
  kStartsWith,
  kEndsWith,
  kInteger,  ///< With its suffix l, if it has one.
  kFloat,
  kString,  ///< With its quotes.
  kName,
  kEqual,
  kNotEqual,
  kGreater,
  kGreaterEqual,
  kLess,
  kLessEqual,
  kOpen,
  kClose,
  kComma,
  kPlus,
  kMinus,
};

/// A word of an expression. A view into its text.
struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;
  size_t position = 0;  ///< Byte in the expression, from 0.
};

/// InvalidArgument with the place of the fault as line and column, both from 1, in `expression`.
Status faultAt(std::string_view expression, size_t position, const std::string& what);

/// Cuts a filter expression into words, by RocketMQ's rules (SelectorParser.jj): keywords in any
/// case, `--` to the end of its line and `/* */` are comments. Borrows the expression.
class SqlLexer {
 public:
  explicit SqlLexer(std::string_view expression) : expression_(expression) {}

  /// The next word; kEnd at the end and ever after. InvalidArgument: a character that begins no
  /// word, a string without end.
  Result<Token> next();

 private:
  void skipBlanksAndComments();
  Token take(TokenKind kind, size_t length);
  Token takeNumber();
  Result<Token> takeString();
  Token takeWord();
  size_t digitsFrom(size_t at) const;
  char at(size_t position) const {
    return position < expression_.size() ? expression_[position] : '\0';
  }

  const std::string_view expression_;
  size_t position_ = 0;
};

}  // namespace rocketmq::broker::filter

#include "broker/filter/sql_parser.h"

#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "broker/filter/java_number.h"
#include "broker/filter/sql_lexer.h"
#include "broker/filter/sql_program_builder.h"
#include "common/excerpt.h"

namespace rocketmq::broker::filter {

namespace {

std::string_view quoted(const Token& token) {
  constexpr size_t kShownMax = 40;
  return token.text.substr(0, kShownMax);
}

std::string unescaped(std::string_view literal) {
  std::string text;
  text.reserve(literal.size());
  const std::string_view inside = literal.substr(1, literal.size() - 2);
  for (size_t i = 0; i < inside.size(); ++i) {
    text += inside[i];
    i += inside[i] == '\'' ? 1U : 0U;  // The second of a pair.
  }
  return text;
}

std::optional<Op> orderOf(TokenKind kind) {
  switch (kind) {
    case TokenKind::kGreater:
      return Op::kGreater;
    case TokenKind::kGreaterEqual:
      return Op::kGreaterEqual;
    case TokenKind::kLess:
      return Op::kLess;
    case TokenKind::kLessEqual:
      return Op::kLessEqual;
    default:
      return std::nullopt;
  }
}

bool beginsTest(TokenKind kind) {
  return kind == TokenKind::kBetween || kind == TokenKind::kIn || kind == TokenKind::kContains ||
         kind == TokenKind::kStartsWith || kind == TokenKind::kEndsWith;
}

/// A recursive-descent parser; each function reads what its rule of the grammar says.
class SqlParser {
 public:
  explicit SqlParser(std::string_view expression)
      : expression_(expression), lexer_(expression), builder_(expression) {}

  Result<SqlProgram> parse();

 private:
  Status advance();
  Status expect(TokenKind kind, std::string_view what);
  Status unexpected(std::string_view wanted) const;
  Status fault(size_t position, const std::string& what) const {
    return faultAt(expression_, position, what);
  }

  /// One of the two lists of conditions: `a OR b OR c`, `a AND b AND c`.
  template <class Next>
  Result<Operand> parseList(TokenKind separator, Op op, Next next);
  Result<Operand> parseOr();
  Result<Operand> parseAnd();
  Result<Operand> parseEquality();
  Result<Operand> parseComparison();
  /// beginsTest() holds of the next word.
  Result<Operand> parseTest(const Operand& left, bool negated);
  Result<Operand> parseBetween(const Operand& value, bool negated);
  Result<Operand> parseIn(const Operand& left, bool negated);
  Result<Operand> parseSearch(const Operand& left, bool negated);
  Result<Operand> parseIsNull(const Operand& left);
  Result<Operand> parseUnary();
  Result<Operand> parsePrimary();
  Result<Operand> parseInteger();
  Result<Operand> parseFloat();
  Result<Operand> parseName();

  const std::string_view expression_;
  SqlLexer lexer_;
  Token token_;       // The next word.
  size_t depth_ = 0;  // Of parseUnary() inside itself.
  SqlProgramBuilder builder_;
};

Status SqlParser::advance() {
  ROCKETMQ_ASSIGN_OR_RETURN(token_, lexer_.next());
  return Status::ok();
}

Status SqlParser::unexpected(std::string_view wanted) const {
  const std::string got = token_.kind == TokenKind::kEnd
                              ? std::string("the expression ends")
                              : "there is \"" + excerpt(quoted(token_)) + "\"";
  return fault(token_.position, got + " where " + std::string(wanted) + " is expected");
}

Status SqlParser::expect(TokenKind kind, std::string_view what) {
  return token_.kind == kind ? advance() : unexpected(what);
}

Result<SqlProgram> SqlParser::parse() {
  ROCKETMQ_RETURN_IF_ERROR(advance());
  ROCKETMQ_ASSIGN_OR_RETURN(const Operand whole, parseOr());
  if (token_.kind != TokenKind::kEnd) {
    return unexpected("an operator or the end");
  }
  return builder_.finish(whole);
}

template <class Next>
Result<Operand> SqlParser::parseList(TokenKind separator, Op op, Next next) {
  ROCKETMQ_ASSIGN_OR_RETURN(const Operand first, (this->*next)());
  if (token_.kind != separator) {
    return first;
  }
  std::vector<Operand> operands;
  ROCKETMQ_ASSIGN_OR_RETURN(operands.emplace_back(), builder_.asCondition(first));
  while (token_.kind == separator) {
    ROCKETMQ_RETURN_IF_ERROR(advance());
    ROCKETMQ_ASSIGN_OR_RETURN(const Operand another, (this->*next)());
    ROCKETMQ_ASSIGN_OR_RETURN(operands.emplace_back(), builder_.asCondition(another));
  }
  return builder_.addLogic(op, operands);
}

Result<Operand> SqlParser::parseOr() {
  return parseList(TokenKind::kOr, Op::kOr, &SqlParser::parseAnd);
}

Result<Operand> SqlParser::parseAnd() {
  return parseList(TokenKind::kAnd, Op::kAnd, &SqlParser::parseEquality);
}

Result<Operand> SqlParser::parseEquality() {
  ROCKETMQ_ASSIGN_OR_RETURN(Operand left, parseComparison());
  for (;;) {
    if (token_.kind == TokenKind::kEqual || token_.kind == TokenKind::kNotEqual) {
      const bool negated = token_.kind == TokenKind::kNotEqual;
      ROCKETMQ_RETURN_IF_ERROR(advance());
      ROCKETMQ_ASSIGN_OR_RETURN(const Operand right, parseComparison());
      ROCKETMQ_ASSIGN_OR_RETURN(left, builder_.addEqual(left, right, negated));
    } else if (token_.kind == TokenKind::kIs) {
      ROCKETMQ_RETURN_IF_ERROR(advance());
      ROCKETMQ_ASSIGN_OR_RETURN(left, parseIsNull(left));
    } else {
      return left;
    }
  }
}

Result<Operand> SqlParser::parseIsNull(const Operand& left) {
  const bool negated = token_.kind == TokenKind::kNot;
  if (negated) {
    ROCKETMQ_RETURN_IF_ERROR(advance());
  }
  const size_t position = token_.position;
  ROCKETMQ_RETURN_IF_ERROR(expect(TokenKind::kNull, negated ? "NULL" : "NULL or NOT NULL"));
  ROCKETMQ_ASSIGN_OR_RETURN(const Operand null,
                            builder_.add({}, Role::kBooleanLiteral, 1, position));
  ROCKETMQ_ASSIGN_OR_RETURN(const Operand test,
                            builder_.add({.op = Op::kEqual, .left = left.node, .right = null.node},
                                         Role::kCondition, left.height + 1, left.position));
  return negated ? builder_.addNot(test) : test;
}

Result<Operand> SqlParser::parseComparison() {
  ROCKETMQ_ASSIGN_OR_RETURN(Operand left, parseUnary());
  for (;;) {
    if (const std::optional<Op> order = orderOf(token_.kind)) {
      ROCKETMQ_RETURN_IF_ERROR(advance());
      ROCKETMQ_ASSIGN_OR_RETURN(const Operand right, parseUnary());
      ROCKETMQ_ASSIGN_OR_RETURN(left, builder_.addOrder(*order, left, right));
    } else if (token_.kind == TokenKind::kNot) {
      ROCKETMQ_RETURN_IF_ERROR(advance());
      if (!beginsTest(token_.kind)) {
        return unexpected("BETWEEN, IN, CONTAINS, STARTSWITH or ENDSWITH");
      }
      ROCKETMQ_ASSIGN_OR_RETURN(left, parseTest(left, /*negated=*/true));
    } else if (beginsTest(token_.kind)) {
      ROCKETMQ_ASSIGN_OR_RETURN(left, parseTest(left, /*negated=*/false));
    } else {
      return left;
    }
  }
}

Result<Operand> SqlParser::parseTest(const Operand& left, bool negated) {
  switch (token_.kind) {
    case TokenKind::kBetween:
      return parseBetween(left, negated);
    case TokenKind::kIn:
      return parseIn(left, negated);
    default:
      return parseSearch(left, negated);
  }
}

Result<Operand> SqlParser::parseBetween(const Operand& value, bool negated) {
  ROCKETMQ_RETURN_IF_ERROR(advance());
  ROCKETMQ_ASSIGN_OR_RETURN(const Operand low, parseUnary());
  ROCKETMQ_RETURN_IF_ERROR(expect(TokenKind::kAnd, "AND and the upper end of BETWEEN"));
  ROCKETMQ_ASSIGN_OR_RETURN(const Operand high, parseUnary());
  if (!negated) {
    ROCKETMQ_RETURN_IF_ERROR(builder_.checkBounds(low, high));
  }
  std::vector<Operand> ends(2);
  ROCKETMQ_ASSIGN_OR_RETURN(ends[0],
                            builder_.addOrder(negated ? Op::kLess : Op::kGreaterEqual, value, low));
  ROCKETMQ_ASSIGN_OR_RETURN(
      ends[1], builder_.addOrder(negated ? Op::kGreater : Op::kLessEqual, value, high));
  return builder_.addLogic(negated ? Op::kOr : Op::kAnd, ends);
}

Result<Operand> SqlParser::parseIn(const Operand& left, bool negated) {
  if (left.role != Role::kProperty) {
    return fault(left.position, "IN needs the name of a property before it, and there is none");
  }
  ROCKETMQ_RETURN_IF_ERROR(advance());
  ROCKETMQ_RETURN_IF_ERROR(expect(TokenKind::kOpen, "\"(\""));
  std::vector<std::string> list;
  for (;;) {
    if (token_.kind != TokenKind::kString) {
      return unexpected("a string");
    }
    list.push_back(unescaped(token_.text));
    ROCKETMQ_RETURN_IF_ERROR(advance());
    if (token_.kind != TokenKind::kComma) {
      break;
    }
    ROCKETMQ_RETURN_IF_ERROR(advance());
  }
  ROCKETMQ_RETURN_IF_ERROR(expect(TokenKind::kClose, "\",\" or \")\""));
  const uint32_t index = builder_.addList(std::move(list));
  return builder_.add({.op = Op::kIn, .negated = negated, .left = left.node, .right = index},
                      Role::kCondition, left.height + 1, left.position);
}

Result<Operand> SqlParser::parseSearch(const Operand& left, bool negated) {
  Op op = Op::kContains;
  if (token_.kind == TokenKind::kStartsWith) {
    op = Op::kStartsWith;
  } else if (token_.kind == TokenKind::kEndsWith) {
    op = Op::kEndsWith;
  }
  ROCKETMQ_RETURN_IF_ERROR(advance());
  if (token_.kind != TokenKind::kString) {
    return unexpected("a string");
  }
  std::string wanted = unescaped(token_.text);
  if (op == Op::kContains && wanted.size() > kSearchBytesMax) {
    return fault(token_.position, "CONTAINS looks for texts of at most " +
                                      std::to_string(kSearchBytesMax) + " bytes; this is longer,");
  }
  const uint32_t text = builder_.addText(std::move(wanted));
  ROCKETMQ_RETURN_IF_ERROR(advance());
  return builder_.add({.op = op, .negated = negated, .left = left.node, .right = text},
                      Role::kCondition, left.height + 1, left.position);
}

Result<Operand> SqlParser::parseUnary() {
  const Token sign = token_;
  if (sign.kind != TokenKind::kPlus && sign.kind != TokenKind::kMinus &&
      sign.kind != TokenKind::kNot) {
    return parsePrimary();
  }
  if (++depth_ > kDepthMax) {
    return fault(sign.position,
                 "the expression is nested more than " + std::to_string(kDepthMax) + " deep");
  }
  ROCKETMQ_RETURN_IF_ERROR(advance());
  ROCKETMQ_ASSIGN_OR_RETURN(const Operand operand, parseUnary());
  --depth_;
  switch (sign.kind) {
    case TokenKind::kMinus:
      return builder_.add({.op = Op::kNegate, .left = operand.node}, Role::kNegated,
                          operand.height + 1, sign.position);
    case TokenKind::kNot: {
      ROCKETMQ_ASSIGN_OR_RETURN(const Operand condition, builder_.asCondition(operand));
      return builder_.addNot(condition);
    }
    default:
      return operand;
  }
}

Result<Operand> SqlParser::parsePrimary() {
  const Token first = token_;
  switch (first.kind) {
    case TokenKind::kInteger:
      return parseInteger();
    case TokenKind::kFloat:
      return parseFloat();
    case TokenKind::kName:
      return parseName();
    case TokenKind::kString:
      ROCKETMQ_RETURN_IF_ERROR(advance());
      return builder_.add({.op = Op::kString, .left = builder_.addText(unescaped(first.text))},
                          Role::kLiteral, 1, first.position);
    case TokenKind::kTrue:
    case TokenKind::kFalse:
      ROCKETMQ_RETURN_IF_ERROR(advance());
      return builder_.add({.op = Op::kBoolean, .negated = first.kind == TokenKind::kTrue},
                          Role::kBooleanLiteral, 1, first.position);
    case TokenKind::kNull:
      ROCKETMQ_RETURN_IF_ERROR(advance());
      return builder_.add({}, Role::kBooleanLiteral, 1, first.position);
    case TokenKind::kOpen:
      break;
    default:
      return unexpected("a property, a literal or \"(\"");
  }
  if (++depth_ > kDepthMax) {
    return fault(first.position,
                 "the expression is nested more than " + std::to_string(kDepthMax) + " deep");
  }
  ROCKETMQ_RETURN_IF_ERROR(advance());
  ROCKETMQ_ASSIGN_OR_RETURN(const Operand inside, parseOr());
  --depth_;
  ROCKETMQ_RETURN_IF_ERROR(expect(TokenKind::kClose, "an operator or \")\""));
  return inside;
}

Result<Operand> SqlParser::parseInteger() {
  const Token number = token_;
  std::string_view digits = number.text;
  if (digits.back() == 'l' || digits.back() == 'L') {
    digits.remove_suffix(1);
  }
  const std::optional<int64_t> value = parseJavaLong(digits);
  if (!value) {
    return fault(number.position, "the number " + excerpt(quoted(number)) +
                                      " is too large, 9223372036854775807 is the largest,");
  }
  ROCKETMQ_RETURN_IF_ERROR(advance());
  const bool is_int = *value <= std::numeric_limits<int32_t>::max();
  return builder_.add({.op = is_int ? Op::kInt : Op::kLong, .integer = *value}, Role::kLiteral, 1,
                      number.position);
}

Result<Operand> SqlParser::parseFloat() {
  const Token number = token_;
  const double value = parseJavaDouble(number.text).value_or(0);
  const std::string_view digits = number.text.substr(0, number.text.find_first_of("eE"));
  const bool is_zero = digits.find_first_not_of("0.") == std::string_view::npos;
  if (value > std::numeric_limits<double>::max() || (value == 0 && !is_zero)) {
    return fault(number.position,
                 "the number " + excerpt(quoted(number)) + " is outside the range of a double");
  }
  ROCKETMQ_RETURN_IF_ERROR(advance());
  return builder_.add({.op = Op::kDouble, .real = value}, Role::kLiteral, 1, number.position);
}

Result<Operand> SqlParser::parseName() {
  const Token name = token_;
  ROCKETMQ_RETURN_IF_ERROR(advance());
  return builder_.addName(name.text, name.position);
}

}  // namespace

Result<SqlProgram> parseSql(std::string_view expression) {
  if (expression.size() > kExpressionBytesMax) {
    return Status::invalidArgument("the expression has " + std::to_string(expression.size()) +
                                   " bytes, " + std::to_string(kExpressionBytesMax) +
                                   " are allowed");
  }
  return SqlParser(expression).parse();
}

}  // namespace rocketmq::broker::filter

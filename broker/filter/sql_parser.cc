#include "broker/filter/sql_parser.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "broker/filter/java_number.h"
#include "broker/filter/sql_lexer.h"

namespace rocketmq::broker::filter {

namespace {

/// Which rules an operand falls under; Java has a class for each.
enum class Role : uint8_t {
  kLiteral,
  kBooleanLiteral,  ///< TRUE, FALSE, NULL: a literal and a condition.
  kProperty,
  kCondition,
  kNegated,
};

struct Operand {
  uint32_t node = 0;
  Role role = Role::kLiteral;
  size_t height = 1;
  size_t position = 0;
};

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

bool isNumber(Op op) { return op == Op::kInt || op == Op::kLong || op == Op::kDouble; }

double valueOf(const Node& number) {
  return number.op == Op::kDouble ? number.real : static_cast<double>(number.integer);
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
  explicit SqlParser(std::string_view expression) : expression_(expression), lexer_(expression) {}

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

  Result<Operand> add(const Node& node, Role role, size_t height, size_t position);
  Result<Operand> addLogic(Op op, const std::vector<Operand>& operands);
  Result<Operand> addEqual(const Operand& left, const Operand& right, bool negated);
  Result<Operand> addOrder(Op op, const Operand& left, const Operand& right);
  Result<Operand> addNot(const Operand& operand);
  Result<Operand> asCondition(const Operand& operand);
  Status checkOrdered(const Operand& operand) const;
  Status checkBounds(const Operand& low, const Operand& high) const;
  uint32_t addText(std::string text);
  void sortNames();

  const std::string_view expression_;
  SqlLexer lexer_;
  Token token_;       // The next word.
  size_t depth_ = 0;  // Of parseUnary() inside itself.
  SqlProgram program_;
};

Status SqlParser::advance() {
  ROCKETMQ_ASSIGN_OR_RETURN(token_, lexer_.next());
  return Status::ok();
}

Status SqlParser::unexpected(std::string_view wanted) const {
  const std::string got = token_.kind == TokenKind::kEnd
                              ? std::string("the expression ends")
                              : "there is \"" + std::string(quoted(token_)) + "\"";
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
  ROCKETMQ_ASSIGN_OR_RETURN(const Operand condition, asCondition(whole));
  program_.root = condition.node;
  sortNames();
  return std::move(program_);
}

template <class Next>
Result<Operand> SqlParser::parseList(TokenKind separator, Op op, Next next) {
  ROCKETMQ_ASSIGN_OR_RETURN(const Operand first, (this->*next)());
  if (token_.kind != separator) {
    return first;
  }
  std::vector<Operand> operands;
  ROCKETMQ_ASSIGN_OR_RETURN(operands.emplace_back(), asCondition(first));
  while (token_.kind == separator) {
    ROCKETMQ_RETURN_IF_ERROR(advance());
    ROCKETMQ_ASSIGN_OR_RETURN(const Operand another, (this->*next)());
    ROCKETMQ_ASSIGN_OR_RETURN(operands.emplace_back(), asCondition(another));
  }
  return addLogic(op, operands);
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
      ROCKETMQ_ASSIGN_OR_RETURN(left, addEqual(left, right, negated));
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
  ROCKETMQ_ASSIGN_OR_RETURN(const Operand null, add({}, Role::kBooleanLiteral, 1, position));
  ROCKETMQ_ASSIGN_OR_RETURN(const Operand test,
                            add({.op = Op::kEqual, .left = left.node, .right = null.node},
                                Role::kCondition, left.height + 1, left.position));
  return negated ? addNot(test) : test;
}

Result<Operand> SqlParser::parseComparison() {
  ROCKETMQ_ASSIGN_OR_RETURN(Operand left, parseUnary());
  for (;;) {
    if (const std::optional<Op> order = orderOf(token_.kind)) {
      ROCKETMQ_RETURN_IF_ERROR(advance());
      ROCKETMQ_ASSIGN_OR_RETURN(const Operand right, parseUnary());
      ROCKETMQ_ASSIGN_OR_RETURN(left, addOrder(*order, left, right));
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
    ROCKETMQ_RETURN_IF_ERROR(checkBounds(low, high));
  }
  std::vector<Operand> ends(2);
  ROCKETMQ_ASSIGN_OR_RETURN(ends[0], addOrder(negated ? Op::kLess : Op::kGreaterEqual, value, low));
  ROCKETMQ_ASSIGN_OR_RETURN(ends[1],
                            addOrder(negated ? Op::kGreater : Op::kLessEqual, value, high));
  return addLogic(negated ? Op::kOr : Op::kAnd, ends);
}

Status SqlParser::checkBounds(const Operand& low, const Operand& high) const {
  const Node& from = program_.nodes[low.node];
  const Node& to = program_.nodes[high.node];
  if (isNumber(from.op) && isNumber(to.op) && valueOf(to) < valueOf(from)) {
    return fault(low.position, "the lower end of BETWEEN is above the upper end");
  }
  return Status::ok();
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
  std::sort(list.begin(), list.end());
  const auto index = static_cast<uint32_t>(program_.lists.size());
  program_.lists.push_back(std::move(list));
  return add({.op = Op::kIn, .negated = negated, .left = left.node, .right = index},
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
  const uint32_t text = addText(std::move(wanted));
  ROCKETMQ_RETURN_IF_ERROR(advance());
  return add({.op = op, .negated = negated, .left = left.node, .right = text}, Role::kCondition,
             left.height + 1, left.position);
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
      return add({.op = Op::kNegate, .left = operand.node}, Role::kNegated, operand.height + 1,
                 sign.position);
    case TokenKind::kNot: {
      ROCKETMQ_ASSIGN_OR_RETURN(const Operand condition, asCondition(operand));
      return addNot(condition);
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
      return add({.op = Op::kString, .left = addText(unescaped(first.text))}, Role::kLiteral, 1,
                 first.position);
    case TokenKind::kTrue:
    case TokenKind::kFalse:
      ROCKETMQ_RETURN_IF_ERROR(advance());
      return add({.op = Op::kBoolean, .negated = first.kind == TokenKind::kTrue},
                 Role::kBooleanLiteral, 1, first.position);
    case TokenKind::kNull:
      ROCKETMQ_RETURN_IF_ERROR(advance());
      return add({}, Role::kBooleanLiteral, 1, first.position);
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
    return fault(number.position, "the number " + std::string(quoted(number)) +
                                      " is too large, 9223372036854775807 is the largest,");
  }
  ROCKETMQ_RETURN_IF_ERROR(advance());
  const bool is_int = *value <= std::numeric_limits<int32_t>::max();
  return add({.op = is_int ? Op::kInt : Op::kLong, .integer = *value}, Role::kLiteral, 1,
             number.position);
}

Result<Operand> SqlParser::parseFloat() {
  const Token number = token_;
  const double value = parseJavaDouble(number.text).value_or(0);
  const std::string_view digits = number.text.substr(0, number.text.find_first_of("eE"));
  const bool is_zero = digits.find_first_not_of("0.") == std::string_view::npos;
  if (value > std::numeric_limits<double>::max() || (value == 0 && !is_zero)) {
    return fault(number.position,
                 "the number " + std::string(quoted(number)) + " is outside the range of a double");
  }
  ROCKETMQ_RETURN_IF_ERROR(advance());
  return add({.op = Op::kDouble, .real = value}, Role::kLiteral, 1, number.position);
}

Result<Operand> SqlParser::parseName() {
  const Token name = token_;
  ROCKETMQ_RETURN_IF_ERROR(advance());
  auto& names = program_.names;
  auto known = std::find(names.begin(), names.end(), name.text);
  if (known == names.end()) {
    if (names.size() == kNamesMax) {
      return fault(name.position, "the expression asks for more than " + std::to_string(kNamesMax) +
                                      " different properties,");
    }
    known = names.emplace(known, name.text);
  }
  return add({.op = Op::kProperty, .right = static_cast<uint32_t>(known - names.begin())},
             Role::kProperty, 1, name.position);
}

Result<Operand> SqlParser::add(const Node& node, Role role, size_t height, size_t position) {
  if (program_.nodes.size() == kNodesMax) {
    return fault(position, "the expression has more than " + std::to_string(kNodesMax) +
                               " operands and operators,");
  }
  if (height > kDepthMax) {
    return fault(position,
                 "the expression is nested more than " + std::to_string(kDepthMax) + " deep");
  }
  program_.nodes.push_back(node);
  return Operand{.node = static_cast<uint32_t>(program_.nodes.size() - 1),
                 .role = role,
                 .height = height,
                 .position = position};
}

Result<Operand> SqlParser::addLogic(Op op, const std::vector<Operand>& operands) {
  const Node node{.op = op,
                  .left = static_cast<uint32_t>(program_.children.size()),
                  .right = static_cast<uint32_t>(operands.size())};
  size_t height = 0;
  for (const Operand& operand : operands) {
    program_.children.push_back(operand.node);
    height = std::max(height, operand.height);
  }
  return add(node, Role::kCondition, height + 1, operands.front().position);
}

Result<Operand> SqlParser::addEqual(const Operand& left, const Operand& right, bool negated) {
  for (const Operand* operand : {&left, &right}) {
    if (program_.nodes[operand->node].op == Op::kNull) {
      return fault(operand->position, "NULL cannot be compared, use IS NULL instead,");
    }
  }
  if (left.role == Role::kBooleanLiteral && right.role == Role::kLiteral) {
    return fault(left.position, "a boolean cannot be compared with another literal");
  }
  ROCKETMQ_ASSIGN_OR_RETURN(
      const Operand equal,
      add({.op = Op::kEqual, .left = left.node, .right = right.node}, Role::kCondition,
          std::max(left.height, right.height) + 1, left.position));
  return negated ? addNot(equal) : equal;
}

Status SqlParser::checkOrdered(const Operand& operand) const {
  const bool is_number = isNumber(program_.nodes[operand.node].op);
  if (operand.role == Role::kProperty || operand.role == Role::kNegated || is_number) {
    return Status::ok();
  }
  return fault(operand.position,
               "what is neither a property nor a number cannot be compared by order,");
}

Result<Operand> SqlParser::addOrder(Op op, const Operand& left, const Operand& right) {
  ROCKETMQ_RETURN_IF_ERROR(checkOrdered(left));
  ROCKETMQ_RETURN_IF_ERROR(checkOrdered(right));
  return add({.op = op, .left = left.node, .right = right.node}, Role::kCondition,
             std::max(left.height, right.height) + 1, left.position);
}

Result<Operand> SqlParser::addNot(const Operand& operand) {
  return add({.op = Op::kNot, .left = operand.node}, Role::kCondition, operand.height + 1,
             operand.position);
}

Result<Operand> SqlParser::asCondition(const Operand& operand) {
  switch (operand.role) {
    case Role::kCondition:
    case Role::kBooleanLiteral:
      return operand;
    case Role::kProperty:
      return add({.op = Op::kIsTrue, .left = operand.node}, Role::kCondition, operand.height + 1,
                 operand.position);
    case Role::kLiteral:
    case Role::kNegated:
      break;
  }
  return fault(operand.position, "a condition is expected, and there is only a value");
}

uint32_t SqlParser::addText(std::string text) {
  program_.texts.push_back(std::move(text));
  return static_cast<uint32_t>(program_.texts.size() - 1);
}

void SqlParser::sortNames() {
  const std::vector<std::string> as_met = program_.names;
  std::sort(program_.names.begin(), program_.names.end());
  for (Node& node : program_.nodes) {
    if (node.op == Op::kProperty) {
      const auto place =
          std::lower_bound(program_.names.begin(), program_.names.end(), as_met[node.right]);
      node.right = static_cast<uint32_t>(place - program_.names.begin());
    }
  }
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

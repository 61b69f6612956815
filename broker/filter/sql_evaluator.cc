#include "broker/filter/sql_evaluator.h"

#include <algorithm>
#include <array>
#include <optional>

#include "broker/filter/java_number.h"
#include "common/message/properties.h"
#include "common/text.h"

namespace rocketmq::broker::filter {

namespace {

enum class Type : uint8_t { kNull, kBoolean, kInt, kLong, kDouble, kString, kError };

struct Value {
  Type type = Type::kNull;
  int64_t integer = 0;  ///< kInt, kLong; kBoolean: 0 or 1.
  double real = 0;
  std::string_view text = {};
};

Truth truth(bool value) { return value ? Truth::kTrue : Truth::kFalse; }

int compareIntegers(int64_t left, int64_t right) {
  return static_cast<int>(left > right) - static_cast<int>(left < right);
}

double asDouble(const Value& number) {
  return number.type == Type::kDouble ? number.real : static_cast<double>(number.integer);
}

bool isNumber(const Value& value) {
  return value.type == Type::kInt || value.type == Type::kLong || value.type == Type::kDouble;
}

/// `text` as a value of the other side's type; kError where Java throws.
Value converted(std::string_view text, Type type) {
  switch (type) {
    case Type::kBoolean:
      return {.type = type, .integer = equalsIgnoreCase(text, "true") ? 1 : 0};
    case Type::kInt:
      if (const std::optional<int32_t> number = parseJavaInt(text)) {
        return {.type = type, .integer = *number};
      }
      break;
    case Type::kLong:
      if (const std::optional<int64_t> number = parseJavaLong(text)) {
        return {.type = type, .integer = *number};
      }
      break;
    case Type::kDouble:
      if (const std::optional<double> number = parseJavaDouble(text)) {
        return {.type = type, .real = *number};
      }
      break;
    default:
      break;
  }
  return {.type = Type::kError};
}

/// Below, at or above zero as Java's compareTo; nullopt where it throws. Neither side is NULL.
std::optional<int> compare(Value left, Value right) {
  if (left.type == Type::kString && right.type == Type::kString) {
    return left.text.compare(right.text);
  }
  if (left.type == Type::kBoolean && right.type == Type::kString) {
    return std::nullopt;  // RocketMQ parity: Java casts the wrong side.
  }
  if (left.type == Type::kString) {
    left = converted(left.text, right.type);
  } else if (right.type == Type::kString) {
    right = converted(right.text, left.type);
  }
  if (left.type == Type::kError || right.type == Type::kError) {
    return std::nullopt;
  }
  if (isNumber(left) && isNumber(right)) {
    return left.type == Type::kDouble || right.type == Type::kDouble
               ? compareJavaDoubles(asDouble(left), asDouble(right))
               : compareIntegers(left.integer, right.integer);
  }
  // RocketMQ parity: types that do not go together compare as "less".
  return left.type == right.type ? compareIntegers(left.integer, right.integer) : -1;
}

class Evaluator {
 public:
  Evaluator(const SqlProgram& program, std::string_view properties) : program_(program) {
    const auto& names = program_.names;
    forEachProperty(properties, [&](std::string_view name, std::string_view value) {
      const auto place = std::lower_bound(names.begin(), names.end(), name);
      if (place != names.end() && *place == name) {
        values_[static_cast<size_t>(place - names.begin())] = value;
      }
    });
  }

  Truth condition(uint32_t index) const;

 private:
  Value value(uint32_t index) const;
  Value negated(const Value& value) const;
  Truth all(const Node& node) const;
  Truth any(const Node& node) const;
  Truth equal(const Node& node) const;
  Truth ordered(const Node& node) const;
  Truth in(const Node& node) const;
  Truth found(const Node& node) const;
  Truth isTrue(const Node& node) const;

  const SqlProgram& program_;
  /// By the index of their names. No property has an empty value, so that means absent.
  std::array<std::string_view, kNamesMax> values_;
};

Value Evaluator::value(uint32_t index) const {
  const Node& node = program_.nodes[index];
  switch (node.op) {
    case Op::kNull:
      return {};
    case Op::kBoolean:
      return {.type = Type::kBoolean, .integer = node.negated ? 1 : 0};
    case Op::kInt:
      return {.type = Type::kInt, .integer = node.integer};
    case Op::kLong:
      return {.type = Type::kLong, .integer = node.integer};
    case Op::kDouble:
      return {.type = Type::kDouble, .real = node.real};
    case Op::kString:
      return {.type = Type::kString, .text = program_.texts[node.left]};
    case Op::kProperty: {
      const std::string_view text = values_[node.right];
      return {.type = text.empty() ? Type::kNull : Type::kString, .text = text};
    }
    case Op::kNegate:
      return negated(value(node.left));
    default:
      break;
  }
  switch (condition(index)) {
    case Truth::kNull:
      return {};
    case Truth::kError:
      return {.type = Type::kError};
    case Truth::kTrue:
      return {.type = Type::kBoolean, .integer = 1};
    case Truth::kFalse:
      break;
  }
  return {.type = Type::kBoolean};
}

Value Evaluator::negated(const Value& operand) const {
  Value result = operand;
  switch (operand.type) {
    case Type::kInt:
    case Type::kLong:
      result.integer = -operand.integer;  // A literal has no sign, so none is the lowest number.
      return result;
    case Type::kDouble:
      result.real = -operand.real;
      return result;
    case Type::kError:
      return result;
    default:
      return {};  // RocketMQ parity: what is no number becomes NULL.
  }
}

Truth Evaluator::condition(uint32_t index) const {
  const Node& node = program_.nodes[index];
  switch (node.op) {
    case Op::kNull:
      return Truth::kNull;
    case Op::kBoolean:
      return truth(node.negated);
    case Op::kIsTrue:
      return isTrue(node);
    case Op::kNot: {
      const Truth operand = condition(node.left);
      return operand == Truth::kTrue || operand == Truth::kFalse ? truth(operand == Truth::kFalse)
                                                                 : operand;
    }
    case Op::kAnd:
      return all(node);
    case Op::kOr:
      return any(node);
    case Op::kEqual:
      return equal(node);
    case Op::kIn:
      return in(node);
    case Op::kContains:
    case Op::kStartsWith:
    case Op::kEndsWith:
      return found(node);
    default:
      return ordered(node);
  }
}

Truth Evaluator::all(const Node& node) const {
  Truth result = Truth::kTrue;
  for (uint32_t i = 0; i < node.right; ++i) {
    const Truth operand = condition(program_.children[node.left + i]);
    if (operand == Truth::kFalse || operand == Truth::kError) {
      return operand;
    }
    result = operand == Truth::kNull ? operand : result;
  }
  return result;
}

Truth Evaluator::any(const Node& node) const {
  Truth result = Truth::kFalse;
  for (uint32_t i = 0; i < node.right; ++i) {
    const Truth operand = condition(program_.children[node.left + i]);
    if (operand == Truth::kTrue || operand == Truth::kError) {
      return operand;
    }
    result = operand == Truth::kNull ? operand : result;
  }
  return result;
}

Truth Evaluator::equal(const Node& node) const {
  const Value left = value(node.left);
  const Value right = value(node.right);
  if (left.type == Type::kError || right.type == Type::kError) {
    return Truth::kError;
  }
  if (left.type == Type::kNull || right.type == Type::kNull) {
    // RocketMQ parity: two absent properties are equal, and only an absent left side is NULL.
    if (left.type != Type::kNull) {
      return Truth::kFalse;
    }
    return right.type == Type::kNull ? Truth::kTrue : Truth::kNull;
  }
  const std::optional<int> order = compare(left, right);
  return order ? truth(*order == 0) : Truth::kError;
}

Truth Evaluator::ordered(const Node& node) const {
  Value left = value(node.left);
  if (left.type == Type::kNull || left.type == Type::kError) {
    return left.type == Type::kNull ? Truth::kNull : Truth::kError;
  }
  Value right = value(node.right);
  if (right.type == Type::kNull || right.type == Type::kError) {
    return right.type == Type::kNull ? Truth::kNull : Truth::kError;
  }
  if (left.type == Type::kString && right.type == Type::kString) {
    left = converted(left.text, Type::kDouble);
    right = converted(right.text, Type::kDouble);
  }
  const std::optional<int> order = compare(left, right);
  if (!order) {
    return Truth::kError;
  }
  switch (node.op) {
    case Op::kGreater:
      return truth(*order > 0);
    case Op::kGreaterEqual:
      return truth(*order >= 0);
    case Op::kLess:
      return truth(*order < 0);
    default:
      return truth(*order <= 0);
  }
}

Truth Evaluator::in(const Node& node) const {
  const Value left = value(node.left);
  if (left.type != Type::kString) {
    return Truth::kNull;
  }
  const auto& list = program_.lists[node.right];
  return truth(std::binary_search(list.begin(), list.end(), left.text) != node.negated);
}

Truth Evaluator::found(const Node& node) const {
  const std::string_view wanted = program_.texts[node.right];
  const Value left = value(node.left);
  if (left.type == Type::kError) {
    return Truth::kError;
  }
  // RocketMQ parity: false, not NULL, for the NOT forms too.
  if (wanted.empty() || left.type != Type::kString) {
    return Truth::kFalse;
  }
  bool is_found = false;
  switch (node.op) {
    case Op::kStartsWith:
      is_found = left.text.starts_with(wanted);
      break;
    case Op::kEndsWith:
      is_found = left.text.ends_with(wanted);
      break;
    default:
      is_found = left.text.find(wanted) != std::string_view::npos;
  }
  return truth(is_found != node.negated);
}

Truth Evaluator::isTrue(const Node& node) const {
  // RocketMQ parity: a property's value is a string, and no string is TRUE, not even 'true'.
  return value(node.left).type == Type::kNull ? Truth::kNull : Truth::kFalse;
}

}  // namespace

Truth evaluate(const SqlProgram& program, std::string_view properties) {
  return Evaluator(program, properties).condition(program.root);
}

}  // namespace rocketmq::broker::filter

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/filter/sql_program.h"
#include "common/status.h"

namespace rocketmq::broker::filter {

/// Which rules an operand falls under; Java has a class for each.
enum class Role : uint8_t {
  kLiteral,
  kBooleanLiteral,  ///< TRUE, FALSE, NULL: a literal and a condition.
  kProperty,
  kCondition,
  kNegated,
};

/// A part of an expression that has its node already.
struct Operand {
  uint32_t node = 0;
  Role role = Role::kLiteral;
  size_t height = 1;    ///< Of the tree below it.
  size_t position = 0;  ///< Where it begins in the expression.
};

/// Puts a program together, operands before their operator, and sees to it that they fit each other
/// by RocketMQ's rules, within the bounds of sql_program.h. What does not fit is InvalidArgument,
/// with the place. Borrows the expression, for those messages.
class SqlProgramBuilder {
 public:
  explicit SqlProgramBuilder(std::string_view expression) : expression_(expression) {}

  Result<Operand> add(const Node& node, Role role, size_t height, size_t position);
  /// A property; the same name again is the same property.
  Result<Operand> addName(std::string_view name, size_t position);
  /// kAnd or kOr over two or more conditions.
  Result<Operand> addLogic(Op op, const std::vector<Operand>& operands);
  Result<Operand> addEqual(const Operand& left, const Operand& right, bool negated);
  /// One of the four comparisons by order.
  Result<Operand> addOrder(Op op, const Operand& left, const Operand& right);
  Result<Operand> addNot(const Operand& operand);
  /// The operand where a condition has to be.
  Result<Operand> asCondition(const Operand& operand);
  /// Of BETWEEN.
  Status checkBounds(const Operand& low, const Operand& high) const;

  // Their place in the program, for nodes that use them.

  uint32_t addText(std::string text);
  uint32_t addList(std::vector<std::string> list);

  /// The program that runs `whole`. To be called once, at the end.
  Result<SqlProgram> finish(const Operand& whole);

 private:
  Status checkOrdered(const Operand& operand) const;
  void sortNames();

  const std::string_view expression_;
  SqlProgram program_;
};

}  // namespace rocketmq::broker::filter

#include "broker/filter/sql_program_builder.h"

#include <algorithm>
#include <utility>

#include "broker/filter/sql_lexer.h"

namespace rocketmq::broker::filter {

namespace {

bool isNumber(Op op) { return op == Op::kInt || op == Op::kLong || op == Op::kDouble; }

double valueOf(const Node& number) {
  return number.op == Op::kDouble ? number.real : static_cast<double>(number.integer);
}

}  // namespace

Status SqlProgramBuilder::checkBounds(const Operand& low, const Operand& high) const {
  const Node& from = program_.nodes[low.node];
  const Node& to = program_.nodes[high.node];
  if (isNumber(from.op) && isNumber(to.op) && valueOf(to) < valueOf(from)) {
    return faultAt(expression_, low.position, "the lower end of BETWEEN is above the upper end");
  }
  return Status::ok();
}

Result<Operand> SqlProgramBuilder::add(const Node& node, Role role, size_t height,
                                       size_t position) {
  if (program_.nodes.size() == kNodesMax) {
    return faultAt(
        expression_, position,
        "the expression has more than " + std::to_string(kNodesMax) + " operands and operators,");
  }
  if (height > kDepthMax) {
    return faultAt(expression_, position,
                   "the expression is nested more than " + std::to_string(kDepthMax) + " deep");
  }
  program_.nodes.push_back(node);
  return Operand{.node = static_cast<uint32_t>(program_.nodes.size() - 1),
                 .role = role,
                 .height = height,
                 .position = position};
}

Result<Operand> SqlProgramBuilder::addLogic(Op op, const std::vector<Operand>& operands) {
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

Result<Operand> SqlProgramBuilder::addEqual(const Operand& left, const Operand& right,
                                            bool negated) {
  for (const Operand* operand : {&left, &right}) {
    if (program_.nodes[operand->node].op == Op::kNull) {
      return faultAt(expression_, operand->position,
                     "NULL cannot be compared, use IS NULL instead,");
    }
  }
  if (left.role == Role::kBooleanLiteral && right.role == Role::kLiteral) {
    return faultAt(expression_, left.position, "a boolean cannot be compared with another literal");
  }
  ROCKETMQ_ASSIGN_OR_RETURN(
      const Operand equal,
      add({.op = Op::kEqual, .left = left.node, .right = right.node}, Role::kCondition,
          std::max(left.height, right.height) + 1, left.position));
  return negated ? addNot(equal) : equal;
}

Status SqlProgramBuilder::checkOrdered(const Operand& operand) const {
  const bool is_number = isNumber(program_.nodes[operand.node].op);
  if (operand.role == Role::kProperty || operand.role == Role::kNegated || is_number) {
    return Status::ok();
  }
  return faultAt(expression_, operand.position,
                 "what is neither a property nor a number cannot be compared by order,");
}

Result<Operand> SqlProgramBuilder::addOrder(Op op, const Operand& left, const Operand& right) {
  ROCKETMQ_RETURN_IF_ERROR(checkOrdered(left));
  ROCKETMQ_RETURN_IF_ERROR(checkOrdered(right));
  return add({.op = op, .left = left.node, .right = right.node}, Role::kCondition,
             std::max(left.height, right.height) + 1, left.position);
}

Result<Operand> SqlProgramBuilder::addNot(const Operand& operand) {
  return add({.op = Op::kNot, .left = operand.node}, Role::kCondition, operand.height + 1,
             operand.position);
}

Result<Operand> SqlProgramBuilder::asCondition(const Operand& operand) {
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
  return faultAt(expression_, operand.position,
                 "a condition is expected, and there is only a value");
}

uint32_t SqlProgramBuilder::addText(std::string text) {
  program_.texts.push_back(std::move(text));
  return static_cast<uint32_t>(program_.texts.size() - 1);
}

uint32_t SqlProgramBuilder::addList(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  program_.lists.push_back(std::move(list));
  return static_cast<uint32_t>(program_.lists.size() - 1);
}

Result<Operand> SqlProgramBuilder::addName(std::string_view name, size_t position) {
  auto& names = program_.names;
  auto known = std::find(names.begin(), names.end(), name);
  if (known == names.end()) {
    if (names.size() == kNamesMax) {
      return faultAt(expression_, position,
                     "the expression asks for more than " + std::to_string(kNamesMax) +
                         " different properties,");
    }
    known = names.emplace(known, name);
  }
  return add({.op = Op::kProperty, .right = static_cast<uint32_t>(known - names.begin())},
             Role::kProperty, 1, position);
}

void SqlProgramBuilder::sortNames() {
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

Result<SqlProgram> SqlProgramBuilder::finish(const Operand& whole) {
  ROCKETMQ_ASSIGN_OR_RETURN(const Operand condition, asCondition(whole));
  program_.root = condition.node;
  sortNames();
  return std::move(program_);
}

}  // namespace rocketmq::broker::filter

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rocketmq::broker::filter {

// Bounds of one expression, so that a hostile one costs little to compile and to run. RocketMQ has
// none of its own; nobody's real filter comes near.
inline constexpr size_t kExpressionBytesMax = 16 * 1024;
inline constexpr size_t kNodesMax = 1024;
inline constexpr size_t kNamesMax = 64;         ///< Different properties.
inline constexpr size_t kDepthMax = 64;         ///< Of parentheses, and of what they stand for.
inline constexpr size_t kSearchBytesMax = 256;  ///< Of the text that CONTAINS looks for.

enum class Op : uint8_t {
  // Give a value.
  kNull,
  kBoolean,
  kInt,   ///< Java's Integer: a literal that fits into 32 bits.
  kLong,  ///< Java's Long.
  kDouble,
  kString,
  kProperty,
  kNegate,
  // Give true, false or null.
  kIsTrue,  ///< A property where a condition is asked for.
  kNot,
  kAnd,
  kOr,
  kEqual,
  kGreater,
  kGreaterEqual,
  kLess,
  kLessEqual,
  kIn,
  kContains,
  kStartsWith,
  kEndsWith,
};

/// One operation. Which members count depends on `op`.
struct Node {
  Op op = Op::kNull;
  bool negated = false;  ///< kIn and the three searches: their NOT form. kBoolean: the value.
  uint32_t left = 0;     ///< Node; kAnd, kOr: first of its children; kString: in texts.
  uint32_t right = 0;    ///< Node; kAnd, kOr: number of children; kIn: in lists; kContains,
                         ///< kStartsWith, kEndsWith: in texts; kProperty: in names.
  int64_t integer = 0;
  double real = 0;
};

/// A filter expression in the form that is run: nodes in one array, operands before their operator.
/// Made by parseSql(), within the bounds above. Immutable afterwards; any number of threads may
/// evaluate it.
struct SqlProgram {
  std::vector<Node> nodes;
  uint32_t root = 0;  ///< Gives true, false or null.
  std::vector<uint32_t> children;
  std::vector<std::string> texts;
  std::vector<std::vector<std::string>> lists;  ///< Each sorted.
  std::vector<std::string> names;               ///< Of properties, sorted.
};

}  // namespace rocketmq::broker::filter

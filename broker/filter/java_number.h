#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace rocketmq::broker::filter {

// Texts as numbers by Java's rules, because that is what a RocketMQ broker does with property
// values and literals. nullopt where Java throws NumberFormatException.

/// Integer.valueOf: decimal digits with an optional sign, nothing around them.
std::optional<int32_t> parseJavaInt(std::string_view text);

/// Long.valueOf.
std::optional<int64_t> parseJavaLong(std::string_view text);

/// Double.valueOf: blanks around it are allowed, as are NaN, Infinity, a suffix f or d, and
/// hexadecimal with a binary exponent. What is too large becomes infinite, what is too small zero.
std::optional<double> parseJavaDouble(std::string_view text);

/// Double.compare: a total order in which -0.0 < 0.0 and NaN is equal to itself and above all else.
int compareJavaDoubles(double left, double right);

}  // namespace rocketmq::broker::filter

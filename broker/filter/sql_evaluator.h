#pragma once

#include <cstdint>
#include <string_view>

#include "broker/filter/sql_program.h"

namespace rocketmq::broker::filter {

/// What a condition comes to. SQL's three values, and what is an exception in Java: a property that
/// has to be a number and is none. It ends the evaluation wherever it occurs.
enum class Truth : uint8_t { kFalse, kTrue, kNull, kError };

/// Runs an expression on a message's properties (properties.h). Only kTrue means that the message
/// is wanted. A property that is not there is NULL; its value is always a string, which takes on
/// the type it is compared with.
///
/// Allocates nothing. Time: one pass over the properties, and at most the program's nodes.
Truth evaluate(const SqlProgram& program, std::string_view properties);

}  // namespace rocketmq::broker::filter

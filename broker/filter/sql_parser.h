#pragma once

#include <string_view>

#include "broker/filter/sql_program.h"
#include "common/status.h"

namespace rocketmq::broker::filter {

/// Compiles an SQL92 filter expression by RocketMQ's grammar (SelectorParser.jj of 5.x):
///
///     or         := and { OR and }
///     and        := equality { AND equality }
///     equality   := comparison { ("=" | "<>") comparison | IS [NOT] NULL }
///     comparison := unary { (">" | ">=" | "<" | "<=") unary | [NOT] BETWEEN unary AND unary
///                         | [NOT] IN "(" string {"," string} ")"
///                         | [NOT] (CONTAINS | STARTSWITH | ENDSWITH) string }
///     unary      := ("+" | "-" | NOT) unary | literal | name | "(" or ")"
///
/// InvalidArgument says what is wrong and where (line and column); also when a bound of
/// sql_program.h is reached. A pure function of bytes that may come from anybody; takes time and
/// memory in proportion to their number.
Result<SqlProgram> parseSql(std::string_view expression);

}  // namespace rocketmq::broker::filter

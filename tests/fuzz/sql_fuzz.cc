#include "broker/filter/sql_evaluator.h"
#include "broker/filter/sql_parser.h"
#include "common/check.h"
#include "tests/fuzz/fuzz_target.h"

// An SQL92 expression, ended by a zero byte, and the properties it is run on.

namespace rocketmq::broker::filter {

ROCKETMQ_FUZZ_TARGET(sql, input) {
  fuzz::Input parts(input);
  const Result<SqlProgram> program = parseSql(parts.text());
  if (!program.ok()) {
    return;
  }
  ROCKETMQ_CHECK(program->nodes.size() <= kNodesMax && program->names.size() <= kNamesMax);
  static_cast<void>(evaluate(*program, parts.rest()));
}

}  // namespace rocketmq::broker::filter

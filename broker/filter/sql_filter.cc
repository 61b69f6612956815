#include "broker/filter/sql_filter.h"

#include <string>
#include <utility>

#include "broker/filter/sql_evaluator.h"
#include "broker/filter/sql_parser.h"
#include "common/excerpt.h"
#include "common/message/record.h"
#include "common/model/subscription_data.h"

namespace rocketmq::broker {

Result<std::shared_ptr<const SqlFilter>> SqlFilter::compile(std::string_view type,
                                                            std::string_view expression) {
  if (type != model::kExpressionSql92) {
    return Status::invalidArgument("there are no expressions of type " + excerpt(type) +
                                   ", only of TAG and SQL92");
  }
  ROCKETMQ_ASSIGN_OR_RETURN(filter::SqlProgram program, filter::parseSql(expression));
  return std::make_shared<const SqlFilter>(std::move(program));
}

bool SqlFilter::matchesProperties(std::string_view properties) const {
  return filter::evaluate(program_, properties) == filter::Truth::kTrue;
}

bool SqlFilter::matchesRecord(std::string_view record) const {
  const Result<MessageRecord> decoded = decodeRecord(record);
  return decoded.ok() && matchesProperties(decoded->properties);
}

}  // namespace rocketmq::broker

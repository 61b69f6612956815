#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "broker/filter/sql_program.h"
#include "common/status.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Lets messages through whose properties satisfy an SQL92 expression (RocketMQ:
/// ExpressionMessageFilter). Immutable; threads: any.
class SqlFilter final : public store::MessageFilter {
 public:
  /// InvalidArgument with the place of the fault, or for a type that is neither TAG nor SQL92.
  static Result<std::shared_ptr<const SqlFilter>> compile(std::string_view type,
                                                          std::string_view expression);

  explicit SqlFilter(filter::SqlProgram program) : program_(std::move(program)) {}

  /// A tag's hash says nothing about properties.
  bool matchesTagsCode(int64_t /*tags_code*/) const override { return true; }
  bool matchesProperties(std::string_view properties) const override;
  size_t steps() const override { return program_.nodes.size(); }
  bool matchesRecord(std::string_view record) const override;

 private:
  const filter::SqlProgram program_;
};

}  // namespace rocketmq::broker

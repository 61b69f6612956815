#include "common/model/subscription_data.h"

#include "common/hash.h"
#include "common/text.h"

namespace rocketmq::model {
namespace {

constexpr std::string_view kTagSeparator = "||";

Status addTags(std::string_view expression, SubscriptionData& out) {
  bool any_piece = false;
  while (!expression.empty()) {
    const size_t separator = expression.find(kTagSeparator);
    const std::string_view piece = expression.substr(0, separator);
    any_piece |= !piece.empty();
    if (const std::string_view tag = javaTrim(piece); !tag.empty()) {
      out.tags_set.emplace(tag);
      out.code_set.insert(javaStringHash(tag));
    }
    expression.remove_prefix(
        separator == std::string_view::npos ? expression.size() : separator + kTagSeparator.size());
  }
  if (!any_piece) {
    return Status::invalidArgument("a subscription needs a tag between its '||', or '*'");
  }
  return Status::ok();
}

}  // namespace

Result<SubscriptionData> parseSubscription(std::string_view topic, std::string_view expression,
                                           std::string_view type, int64_t version) {
  SubscriptionData data;
  data.topic = topic;
  data.sub_version = version;
  if (!isTagExpression(type)) {
    if (expression.empty()) {
      return Status::invalidArgument("a subscription of type " + std::string(type) +
                                     " needs an expression");
    }
    data.expression_type = type;
    data.sub_string = expression;
    return data;
  }
  if (expression.empty() || expression == kSubscribeAll) {
    data.sub_string = kSubscribeAll;
    return data;
  }
  if (expression.size() > kTagExpressionBytesMax) {
    return Status::invalidArgument("the tags of a subscription have " +
                                   std::to_string(expression.size()) + " bytes, at most " +
                                   std::to_string(kTagExpressionBytesMax) + " are allowed");
  }
  data.sub_string = expression;
  ROCKETMQ_RETURN_IF_ERROR(addTags(expression, data));
  return data;
}

}  // namespace rocketmq::model

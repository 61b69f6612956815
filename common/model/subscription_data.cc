#include "common/model/subscription_data.h"

#include "common/hash.h"

namespace rocketmq::model {
namespace {

constexpr std::string_view kTagSeparator = "||";

/// As String.trim of Java: everything up to the blank goes.
std::string_view trim(std::string_view text) {
  const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && is_blank(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_blank(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

Status addTags(std::string_view expression, SubscriptionData& out) {
  bool any_piece = false;
  while (!expression.empty()) {
    const size_t separator = expression.find(kTagSeparator);
    const std::string_view piece = expression.substr(0, separator);
    any_piece |= !piece.empty();
    if (const std::string_view tag = trim(piece); !tag.empty()) {
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
  data.sub_string = expression;
  ROCKETMQ_RETURN_IF_ERROR(addTags(expression, data));
  return data;
}

}  // namespace rocketmq::model

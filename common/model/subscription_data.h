#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tuple>

#include "common/fields.h"
#include "common/status.h"

namespace rocketmq::model {

inline constexpr std::string_view kSubscribeAll = "*";
inline constexpr std::string_view kExpressionTag = "TAG";
inline constexpr std::string_view kExpressionSql92 = "SQL92";
/// What the tags of a subscription may have, as an SQL92 expression may.
inline constexpr size_t kTagExpressionBytesMax = 16u << 10;

/// One topic that a consumer group reads, and which of its messages.
struct SubscriptionData {
  std::string topic;
  /// `*`, tags joined with `||`, or an SQL92 expression.
  std::string sub_string;
  std::string expression_type{kExpressionTag};
  /// Tags of a TAG subscription; both sets are empty for `*`. The C++ client sends wrong codes,
  /// Go other ones for non-ASCII tags: a broker parses sub_string itself.
  std::set<std::string> tags_set;
  std::set<int32_t> code_set;
  /// When the subscription was made; milliseconds since 1970 in most clients, nanoseconds in Go.
  int64_t sub_version = 0;
  bool class_filter_mode = false;

  friend bool operator==(const SubscriptionData&, const SubscriptionData&) = default;

  static constexpr auto fields() {
    using S = SubscriptionData;
    return std::tuple{optional("classFilterMode", &S::class_filter_mode),
                      optional("codeSet", &S::code_set),
                      optional("expressionType", &S::expression_type),
                      optional("subString", &S::sub_string),
                      optional("subVersion", &S::sub_version),
                      optional("tagsSet", &S::tags_set),
                      optional("topic", &S::topic)};
  }
};

/// True for the types that mean tags: TAG and, from old clients, none.
constexpr bool isTagExpression(std::string_view type) {
  return type.empty() || type == kExpressionTag;
}

/// A subscription from what a user wrote (RocketMQ: FilterAPI). TAG expressions are split at `||`
/// and trimmed; an empty one or `*` means every message. Other types keep the expression as it is.
/// InvalidArgument: nothing but `||`, more than kTagExpressionBytesMax of tags, or no expression
/// for another type.
Result<SubscriptionData> parseSubscription(std::string_view topic, std::string_view expression,
                                           std::string_view type, int64_t version);

}  // namespace rocketmq::model

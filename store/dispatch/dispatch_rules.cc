#include "store/dispatch/dispatch_rules.h"

#include <algorithm>

#include "common/hash.h"
#include "common/message/sys_flag.h"
#include "common/number.h"

namespace rocketmq::store {
namespace {

constexpr int64_t kUnknownLevelDelayMs = 1000;

}  // namespace

int64_t delayLevel(std::string_view properties) {
  const std::string_view text = findProperty(properties, property::kDelayLevel);
  return std::max(parseNumber<int32_t>(text).value_or(0), 0);
}

TagsCode DispatchRules::tagsCode(std::string_view topic, std::string_view properties) const {
  if (topic == kScheduleTopic) {
    if (const int64_t level = delayLevel(properties); level > 0) {
      const size_t known = std::min(static_cast<size_t>(level), delay_level_ms_.size());
      return {.value = known == 0 ? kUnknownLevelDelayMs : delay_level_ms_[known - 1],
              .is_delay = true};
    }
  }
  return {.value = rocketmq::tagsCode(findProperty(properties, property::kTags))};
}

bool entersQueue(int32_t sys_flag) {
  const int32_t type = sys_flag::transactionType(sys_flag);
  return type == sys_flag::kTransactionNone || type == sys_flag::kTransactionCommit;
}

bool isStorable(std::string_view topic, int32_t queue_id) {
  return queue_id >= 0 && !topic.empty() && topic.size() <= kTopicLengthMaxV2 && topic != "." &&
         topic != ".." && topic.find('/') == std::string_view::npos &&
         topic.find('\0') == std::string_view::npos;
}

}  // namespace rocketmq::store

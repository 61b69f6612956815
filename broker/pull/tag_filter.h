#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "common/model/subscription_data.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Lets messages through whose tag hashes to one of a set (RocketMQ: DefaultMessageFilter). Two
/// tags may share a hash; clients compare the text again.
class TagFilter final : public store::MessageFilter {
 public:
  explicit TagFilter(std::vector<int64_t> codes) : codes_(std::move(codes)) {
    std::sort(codes_.begin(), codes_.end());
    codes_.erase(std::unique(codes_.begin(), codes_.end()), codes_.end());
  }

  /// The filter of a subscription; null when it lets everything through, or is not by tag.
  static std::shared_ptr<const TagFilter> of(const model::SubscriptionData& subscription) {
    if (!model::isTagExpression(subscription.expression_type) ||
        subscription.sub_string == model::kSubscribeAll) {
      return nullptr;
    }
    return std::make_shared<const TagFilter>(
        std::vector<int64_t>(subscription.code_set.begin(), subscription.code_set.end()));
  }

  bool matchesTagsCode(int64_t tags_code) const override {
    // The low half of a queue entry's code is the hash, whatever the upper half is used for.
    const int64_t code = static_cast<int32_t>(tags_code);
    return std::binary_search(codes_.begin(), codes_.end(), code);
  }
  std::span<const int64_t> onlyTagsCodes() const override { return codes_; }
  size_t steps() const override { return 4; }

 private:
  std::vector<int64_t> codes_;  ///< Sorted.
};

}  // namespace rocketmq::broker

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "broker/pull/pull_service.h"
#include "common/model/subscription_data.h"

namespace rocketmq::broker {

/// Internal to PullService: its checks fill it.
struct PullService::Draft {
  const Header& request;
  bool is_lite;
  std::shared_ptr<const BrokerSettings> settings;
  bool may_parse_long;
  bool needs_group = false;
  bool needs_lane = false;  ///< To parse.
  Answer refusal = {};
  GroupConfigPtr group = nullptr;
  std::shared_ptr<const store::MessageFilter> filter = nullptr;
  size_t own_filter_bytes = 0;
  bool filters_properties = false;

  bool refuse(remoting::ResponseCode code, std::string remark) {
    refusal = {code, std::move(remark)};
    return false;
  }
  /// False for a long text, which is to be parsed on a lane.
  bool mayParse(std::string_view text) {
    // The longest that is taken needs a millisecond, this one some 50 microseconds. What is too
    // long is refused at once.
    constexpr size_t kParsedInlineMax = 1024;
    needs_lane = !may_parse_long && text.size() > kParsedInlineMax &&
                 text.size() <= model::kTagExpressionBytesMax;
    return !needs_lane;
  }
};

}  // namespace rocketmq::broker

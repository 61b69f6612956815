#pragma once

#include <string>
#include <string_view>

#include "broker/settings.h"

namespace rocketmq::broker {

/// Why a subscription whose expression is not a list of tags is refused.
inline std::string expressionRefusal(const BrokerSettings& settings, std::string_view type) {
  std::string reason = "The broker does not support consumer to filter message by ";
  reason += type;
  if (settings.property_filter) {
    reason += " yet, although enablePropertyFilter is on";
  }
  return reason;
}

}  // namespace rocketmq::broker

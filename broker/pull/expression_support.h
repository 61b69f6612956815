#pragma once

#include <string>
#include <string_view>

namespace rocketmq::broker {

/// Why a subscription whose expression is not a list of tags is refused while enablePropertyFilter
/// is off. Clients and their users know this sentence.
inline std::string expressionRefusal(std::string_view type) {
  return "The broker does not support consumer to filter message by " + std::string(type);
}

}  // namespace rocketmq::broker

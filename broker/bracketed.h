#pragma once

#include <string>
#include <string_view>

#include "common/excerpt.h"

namespace rocketmq::broker {

/// "[name]", as RocketMQ's remarks have it.
inline std::string bracketed(std::string_view name) { return "[" + excerpt(name) + "]"; }

}  // namespace rocketmq::broker

#pragma once

#include <string>
#include <string_view>

namespace rocketmq::broker {

/// "[name]", as RocketMQ's remarks have it.
inline std::string bracketed(std::string_view name) { return "[" + std::string(name) + "]"; }

}  // namespace rocketmq::broker

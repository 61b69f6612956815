#pragma once

#include <span>
#include <string_view>

namespace rocketmq {

/// Every key that a settings file of a RocketMQ 4.9 or 5.3 broker or name server may hold, sorted.
/// Those that mean nothing here are accepted in silence: a Java broker's file works unchanged.
std::span<const std::string_view> rocketmqKnownKeys();

}  // namespace rocketmq

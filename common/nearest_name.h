#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace rocketmq {

/// The name that a person most likely meant by `typed`: the one with the fewest letters added,
/// removed or changed, upper and lower case being the same. nullopt when none is close.
std::optional<std::string_view> nearestName(std::string_view typed,
                                            std::span<const std::string_view> names);

}  // namespace rocketmq

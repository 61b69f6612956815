#pragma once

#include <cstddef>
#include <string_view>

#include "common/status.h"

namespace rocketmq::broker {

/// Topics, groups and ids of clients are shorter where they work, see validateGroup().
inline constexpr size_t kNameBytesMax = 512;

/// InvalidArgument when `text`, which `what` names, has more than `bytes_max` bytes.
Status checkLength(std::string_view what, std::string_view text, size_t bytes_max);

/// Of a topic, a group or a client that is kept although it may not exist: not longer than any that
/// works, and without control characters.
Status checkName(std::string_view what, std::string_view name);

}  // namespace rocketmq::broker

#pragma once

#include <string_view>

namespace rocketmq {

/// A folder in the root of many a disk, for what its check finds: only root may list it, and none
/// of our files is in it. No topic can have its name.
inline constexpr std::string_view kLostAndFound = "lost+found";

}  // namespace rocketmq

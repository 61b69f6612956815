#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "common/excerpt.h"
#include "common/status.h"

namespace rocketmq::namesrv {

/// Longer names of topics, brokers and clusters, and longer addresses, are refused.
inline constexpr size_t kNameBytesMax = 255;

/// Whether a name may enter the tables: not empty, not too long, no control characters. Which names
/// are good is for brokers to decide; a name server only keeps what would spoil its answers, logs
/// and memory out.
inline bool isAcceptableName(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax &&
         std::none_of(name.begin(), name.end(), isControlCharacter);
}

/// InvalidArgument, with `what` it is, unless the name is acceptable.
inline Status checkName(std::string_view what, std::string_view name) {
  if (isAcceptableName(name)) {
    return Status::ok();
  }
  return Status::invalidArgument(std::string(what) +
                                 " must have 1 to 255 bytes and no control characters");
}

}  // namespace rocketmq::namesrv

#pragma once

#include <cstddef>
#include <string>

#include "common/json/encode.h"
#include "common/status.h"

namespace rocketmq::broker {

/// What a topic or a group has, its attributes above all, takes no more as JSON. All of them are in
/// one file, which has a bound too (see kSmallFileBytesMax).
inline constexpr size_t kConfigBytesMax = 64u << 10;

/// InvalidArgument when `config`, a "topic" or "group", is longer.
template <class Config>
Status checkLength(const char* what, const Config& config) {
  const size_t bytes = json::encode(config).size();
  return bytes <= kConfigBytesMax
             ? Status::ok()
             : Status::invalidArgument("The " + std::string(what) + " with its attributes has " +
                                       std::to_string(bytes) + " bytes, allowed are " +
                                       std::to_string(kConfigBytesMax) + ".");
}

}  // namespace rocketmq::broker

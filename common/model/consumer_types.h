#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "common/json/enum_names.h"

namespace rocketmq::model {

/// How a consumer gets its messages.
enum class ConsumeType : uint8_t {
  kActively,   ///< It pulls when it likes.
  kPassively,  ///< A push consumer.
  kPop,        ///< 5.x.
};

/// Whether every member of a group gets every message, or one of them.
enum class MessageModel : uint8_t { kBroadcasting, kClustering };

/// Where a new group starts in a queue. Three of the values are old names that mean the last
/// offset.
enum class ConsumeFromWhere : uint8_t {
  kLastOffset,
  kLastOffsetAndFromMinWhenBootFirst,
  kMinOffset,
  kMaxOffset,
  kFirstOffset,
  kTimestamp,
};

}  // namespace rocketmq::model

namespace rocketmq::json {

template <>
struct EnumNames<model::ConsumeType> {
  static constexpr std::array<std::string_view, 3> kNames = {"CONSUME_ACTIVELY",
                                                             "CONSUME_PASSIVELY", "CONSUME_POP"};
};

template <>
struct EnumNames<model::MessageModel> {
  static constexpr std::array<std::string_view, 2> kNames = {"BROADCASTING", "CLUSTERING"};
};

template <>
struct EnumNames<model::ConsumeFromWhere> {
  static constexpr std::array<std::string_view, 6> kNames = {
      "CONSUME_FROM_LAST_OFFSET",  "CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST",
      "CONSUME_FROM_MIN_OFFSET",   "CONSUME_FROM_MAX_OFFSET",
      "CONSUME_FROM_FIRST_OFFSET", "CONSUME_FROM_TIMESTAMP"};
};

}  // namespace rocketmq::json

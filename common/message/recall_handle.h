#pragma once

#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/status.h"

namespace rocketmq {

/// Names a timer message that waits for its time: what a send answers with and a recall asks with
/// (RocketMQ: RecallMessageHandle.HandleV1). On the wire "v1 <topic> <broker name> <deliver time>
/// <unique key>" in URL-safe Base64; opaque to applications.
struct RecallHandle {
  std::string topic;
  std::string broker_name;
  /// A time in the last step before the message is due, as RocketMQ counts.
  TimestampMs deliver_ms = 0;
  std::string unique_key;

  std::string encode() const;
  /// InvalidArgument: not a handle, or with characters that no name and no key has.
  static Result<RecallHandle> parse(std::string_view text);

  friend bool operator==(const RecallHandle&, const RecallHandle&) = default;
};

}  // namespace rocketmq

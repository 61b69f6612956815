#pragma once

#include <cstdint>
#include <vector>

#include "rocketmq/message.h"

namespace rocketmq {

/// What became of a pull (RocketMQ: PullStatus).
enum class PullStatus {
  kFound,
  kNoNewMessage,      ///< There is nothing behind the offset yet.
  kNoMatchedMessage,  ///< Messages were there, none of them matched; go on at next_begin_offset.
  kOffsetIllegal,     ///< Outside of the queue; go on at next_begin_offset.
};

/// A pull's messages, and where the queue stands.
struct PullResult {
  PullStatus status = PullStatus::kNoNewMessage;
  /// What to pull next.
  int64_t next_begin_offset = 0;
  /// The first message that is there, and one past the last.
  int64_t min_offset = 0;
  int64_t max_offset = 0;
  std::vector<MessageExt> messages;
};

}  // namespace rocketmq

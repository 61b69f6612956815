#pragma once

#include <cstdint>
#include <vector>

#include "rocketmq/message.h"

namespace rocketmq {

enum class PullStatus {
  kFound,
  kNoNewMessage,
  kNoMatchedMessage,  ///< Messages were there, none of them matched; go on at next_begin_offset.
  kOffsetIllegal,     ///< Outside of the queue; go on at next_begin_offset.
};

struct PullResult {
  PullStatus status = PullStatus::kNoNewMessage;
  int64_t next_begin_offset = 0;
  int64_t min_offset = 0;
  int64_t max_offset = 0;
  std::vector<MessageExt> messages;
};

}  // namespace rocketmq

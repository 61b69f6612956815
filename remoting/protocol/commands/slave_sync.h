#pragma once

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

// What a slave copies from its master every 10 s, besides GetAllTopicConfig and
// GetAllSubscriptionGroupConfig.

/// Asks for the offsets of all groups; the answer's body is ConsumerOffsetSerializeWrapper.
/// (RocketMQ: GET_ALL_CONSUMER_OFFSET)
struct GetAllConsumerOffset : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetAllConsumerOffset;
  using Reply = NoFields;
};

/// Asks how far the delivery of each delay level is; the answer's body is
/// DelayOffsetSerializeWrapper. (RocketMQ: GET_ALL_DELAY_OFFSET)
struct GetAllDelayOffset : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetAllDelayOffset;
  using Reply = NoFields;
};

}  // namespace rocketmq::remoting

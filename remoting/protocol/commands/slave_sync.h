#pragma once

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

// What a slave copies from its master, besides GetAllTopicConfig and
// GetAllSubscriptionGroupConfig: every 10 s, timer checkpoints every 3 s.

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

/// Asks how far the delivery of timers is; the answer's body is the file config/timercheck: 56
/// bytes of RocketMQ, and 80 more from a broker of ours. (RocketMQ: GET_TIMER_CHECK_POINT)
struct GetTimerCheckPoint : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetTimerCheckPoint;
  using Reply = NoFields;
};

/// Asks how many timers wait for each topic; the answer's body is TimerMetricsTable. (RocketMQ:
/// GET_TIMER_METRICS)
struct GetTimerMetrics : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetTimerMetrics;
  using Reply = NoFields;
};

/// Asks which groups are to consume by POP; the answer's body is MessageRequestModes. Slaves of
/// RocketMQ 5 send it. (RocketMQ: GET_ALL_MESSAGE_REQUEST_MODE)
struct GetAllMessageRequestMode : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetAllMessageRequestMode;
  using Reply = NoFields;
};

}  // namespace rocketmq::remoting

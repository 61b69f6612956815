#pragma once

#include "broker/timer/timer_copy.h"
#include "broker/timer/timer_service.h"
#include "broker/topic/topic_table.h"
#include "remoting/router.h"

namespace rocketmq::broker {

/// What is known of timers, for slaves and tools, on the admin lane: GET_TIMER_CHECK_POINT (60),
/// GET_TIMER_METRICS (61). Everything is borrowed.
struct TimerParts {
  const TopicTable& topics;
  const TimerService* timers = nullptr;  ///< Of a master with timerWheelEnable.
  const TimerCopy* copy = nullptr;       ///< Of a slave with timerWheelEnable.
  const LiveSettings& settings;
};
void registerTimerHandlers(remoting::Router& router, const TimerParts& parts);

}  // namespace rocketmq::broker

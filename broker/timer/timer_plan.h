#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/settings.h"
#include "common/clock.h"
#include "common/status.h"

namespace rocketmq::broker {

/// Where messages wait for their time; one queue, 0 (RocketMQ: TimerMessageStore.TIMER_TOPIC).
inline constexpr std::string_view kTimerTopic = "rmq_sys_wheel_timer";
inline constexpr int32_t kTimerQueue = 0;

/// Bytes that must be free in the properties of a timer message for what its delivery adds.
inline constexpr size_t kTimerPropertiesReserve = 160;

/// What the properties of a send say about its time. Views of the property string; empty: absent.
struct TimerAsk {
  std::string_view delay_sec;   ///< TIMER_DELAY_SEC
  std::string_view delay_ms;    ///< TIMER_DELAY_MS
  std::string_view deliver_ms;  ///< TIMER_DELIVER_MS
  std::string_view delete_key;  ///< TIMER_DEL_UNIQKEY
  bool has_out_ms = false;      ///< TIMER_OUT_MS: it has waited before.

  bool isAsked() const {
    return !has_out_ms && !(delay_sec.empty() && delay_ms.empty() && deliver_ms.empty());
  }
};

/// Takes one property into `ask`, if it is about timers.
void scanTimerProperty(std::string_view name, std::string_view value, TimerAsk& ask);

/// The property string without the three that ask for a time.
std::string withoutTimer(std::string_view properties);

/// The slot of a message that asks for a time, on the grid of timerPrecisionMs: the message is due
/// one step later, so never before its time. 0: its time has come.
/// InvalidArgument: not a number, later than timerMaxDelaySec, or a recall of what is due.
Result<TimestampMs> timerSlot(const TimerAsk& ask, const BrokerSettings& settings, TimestampMs now);

/// The handle that recalls a message which waits in a slot (common/message/recall_handle.h).
std::string recallHandleOf(std::string_view topic, std::string_view unique_key, TimestampMs slot_ms,
                           std::string_view broker_name);

/// What a recall has as its TIMER_DEL_UNIQKEY (RocketMQ: TimerMessageStore.buildDeleteKey).
std::string deleteKeyOf(std::string_view topic, std::string_view unique_key);

/// The slot in which a timer for `out_ms` waits next: itself, or one about timerRollWindowSlot
/// steps ahead, from where it goes round once more (RocketMQ: TimerMessageStore.doEnqueue).
struct RollPlan {
  TimestampMs slot_ms = 0;
  bool rolls = false;
};
RollPlan planRoll(TimestampMs out_ms, const BrokerSettings& settings, TimestampMs now);

}  // namespace rocketmq::broker

#include "broker/timer/timer_plan.h"

#include <algorithm>
#include <limits>

#include "common/excerpt.h"
#include "common/message/properties.h"
#include "common/message/recall_handle.h"
#include "common/number.h"

namespace rocketmq::broker {

namespace {

Result<int64_t> parseTime(std::string_view name, std::string_view text) {
  const auto value = parseJavaNumber<int64_t>(text);
  if (!value) {
    return Status::invalidArgument("timer message illegal: property " + std::string(name) + " is " +
                                   excerpt(text) + ", not a whole number of 64 bits");
  }
  return *value;
}

/// Milliseconds from now on, which may be negative.
Result<int64_t> askedDelay(const TimerAsk& ask, int64_t delay_max_ms, TimestampMs now) {
  if (!ask.delay_sec.empty()) {
    ROCKETMQ_ASSIGN_OR_RETURN(const int64_t sec,
                              parseTime(property::kTimerDelaySec, ask.delay_sec));
    // What is too far stays too far, without an overflow.
    return sec <= 0 ? 0 : sec > delay_max_ms / 1000 ? delay_max_ms + 1 : sec * 1000;
  }
  if (!ask.delay_ms.empty()) {
    return parseTime(property::kTimerDelayMs, ask.delay_ms);
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const int64_t deliver_ms,
                            parseTime(property::kTimerDeliverMs, ask.deliver_ms));
  return deliver_ms <= now ? 0 : deliver_ms - now;
}

}  // namespace

void scanTimerProperty(std::string_view name, std::string_view value, TimerAsk& ask) {
  if (name == property::kTimerDelaySec) {
    ask.delay_sec = value;
  } else if (name == property::kTimerDelayMs) {
    ask.delay_ms = value;
  } else if (name == property::kTimerDeliverMs) {
    ask.deliver_ms = value;
  } else if (name == property::kTimerDeleteKey) {
    ask.delete_key = value;
  } else if (name == property::kTimerOutMs) {
    ask.has_out_ms = true;
  }
}

std::string withoutTimer(std::string_view properties) {
  std::string rest = withoutProperty(properties, property::kTimerDelaySec);
  rest = withoutProperty(rest, property::kTimerDelayMs);
  return withoutProperty(rest, property::kTimerDeliverMs);
}

Result<TimestampMs> timerSlot(const TimerAsk& ask, const BrokerSettings& settings,
                              TimestampMs now) {
  const int64_t delay_max_ms = settings.timer_delay_max_sec * 1000;
  ROCKETMQ_ASSIGN_OR_RETURN(const int64_t delay_ms, askedDelay(ask, delay_max_ms, now));
  if (delay_ms <= 0) {
    return ask.delete_key.empty()
               ? Result<TimestampMs>(0)
               : Status::invalidArgument(
                     "timer message illegal: the message to recall is due already");
  }
  if (delay_ms > delay_max_ms) {
    return Status::invalidArgument(
        "timer message illegal: the asked time is more than timerMaxDelaySec = " +
        std::to_string(settings.timer_delay_max_sec) + " seconds ahead");
  }
  // RocketMQ parity: a time on the grid belongs to the step before it.
  return (now + delay_ms - 1) / settings.timer_precision_ms * settings.timer_precision_ms;
}

std::string recallHandleOf(std::string_view topic, std::string_view unique_key, TimestampMs slot_ms,
                           std::string_view broker_name) {
  // A time that timerSlot() brings back to the same slot.
  return RecallHandle{.topic = std::string(topic),
                      .broker_name = std::string(broker_name),
                      .deliver_ms = slot_ms + 1,
                      .unique_key = std::string(unique_key)}
      .encode();
}

std::string deleteKeyOf(std::string_view topic, std::string_view unique_key) {
  return std::string(topic) + "+" + std::string(unique_key);
}

RollPlan planRoll(TimestampMs out_ms, const BrokerSettings& settings, TimestampMs now) {
  const int64_t precision = settings.timer_precision_ms;
  // The timer log has 32 bits for the distance to a slot.
  const int64_t window = std::min<int64_t>(settings.timer_roll_window_slots * precision,
                                           std::numeric_limits<int32_t>::max() / 2);
  const TimestampMs base = now / precision * precision;
  if (out_ms - base < window) {
    return {.slot_ms = out_ms};
  }
  const bool is_nearly_there = out_ms - base - window < window / 3;
  const int64_t ahead = is_nearly_there ? window / 2 : window;
  return {.slot_ms = base + ahead / precision * precision, .rolls = true};
}

}  // namespace rocketmq::broker

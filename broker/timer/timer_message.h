#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/timer/timer_log.h"
#include "common/clock.h"
#include "common/message/record.h"
#include "common/status.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// A message of rmq_sys_wheel_timer. Everything in it is a view of `slice`.
struct TimerMessage {
  store::LogSlice slice;
  MessageRecord record;
  std::string_view real_topic;
  int32_t real_queue_id = 0;
  TimestampMs out_ms = 0;
  std::string_view delete_key;  ///< Of a recall: RocketMQ's "<topic>+<unique key>".

  /// What a recall of this message has as its delete_key.
  std::string recallKey() const;
};

/// Reads the record at a log offset. NotFound: retention has taken it. Corruption: it is no timer
/// message.
Result<TimerMessage> readTimerMessage(const store::MessageStore& store, int64_t physical_offset);

/// The message as it goes to its real topic, or once more to rmq_sys_wheel_timer when its unit
/// rolls. Its properties are written to `properties`; its body stays where it is in the log.
MessageRecord deliveryOf(const TimerMessage& message, const TimerUnit& unit, TimestampMs now,
                         std::string& properties);

}  // namespace rocketmq::broker

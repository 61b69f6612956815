#include "broker/timer/timer_message.h"

#include <optional>
#include <utility>

#include "broker/timer/timer_plan.h"
#include "common/message/properties.h"
#include "common/number.h"

namespace rocketmq::broker {

namespace {

template <class Number>
std::optional<Number> parseNatural(std::string_view text) {
  const auto value = parseNumber<Number>(text);
  return value && *value >= 0 ? value : std::nullopt;
}

}  // namespace

std::string TimerMessage::recallKey() const {
  return deleteKeyOf(real_topic, findProperty(record.properties, property::kUniqueKey));
}

Result<TimerMessage> readTimerMessage(const store::MessageStore& store, int64_t physical_offset) {
  TimerMessage message;
  ROCKETMQ_ASSIGN_OR_RETURN(message.slice, store.recordAt(physical_offset));
  ROCKETMQ_ASSIGN_OR_RETURN(message.record, decodeRecord(message.slice.bytes));
  std::string_view queue_id;
  std::string_view out_ms;
  forEachProperty(message.record.properties, [&](std::string_view name, std::string_view value) {
    if (name == property::kRealTopic) {
      message.real_topic = value;
    } else if (name == property::kRealQueueId) {
      queue_id = value;
    } else if (name == property::kTimerOutMs) {
      out_ms = value;
    } else if (name == property::kTimerDeleteKey) {
      message.delete_key = value;
    }
  });
  const auto parsed_queue_id = parseNatural<int32_t>(queue_id);
  const auto parsed_out_ms = parseNatural<int64_t>(out_ms);
  if (message.record.topic != kTimerTopic || message.real_topic.empty() ||
      message.real_topic == kTimerTopic || !parsed_queue_id || !parsed_out_ms) {
    return Status::corruption("the record at log offset " + std::to_string(physical_offset) +
                              " is no timer message");
  }
  message.real_queue_id = *parsed_queue_id;
  message.out_ms = *parsed_out_ms;
  return message;
}

MessageRecord deliveryOf(const TimerMessage& message, const TimerUnit& unit, TimestampMs now,
                         std::string& properties) {
  MessageRecord record = message.record;
  properties.assign(record.properties);
  if (!properties.empty() && properties.back() != kPropertyEnd) {
    properties.push_back(kPropertyEnd);
  }
  if (unit.rolls) {
    // Else each round would make the properties longer.
    const int64_t rounds =
        parseNatural<int64_t>(findProperty(properties, property::kTimerRollTimes)).value_or(0);
    properties = withoutProperty(properties, property::kTimerRollTimes);
    properties = withoutProperty(properties, property::kTimerEnqueueMs);
    properties = withoutProperty(properties, property::kTimerDequeueMs);
    appendProperty(properties, property::kTimerRollTimes, std::to_string(rounds + 1));
  } else {
    record.topic = message.real_topic;
    record.queue_id = message.real_queue_id;
  }
  appendProperty(properties, property::kTimerEnqueueMs, std::to_string(unit.written_ms));
  appendProperty(properties, property::kTimerDequeueMs, std::to_string(now));
  record.properties = properties;
  return record;
}

}  // namespace rocketmq::broker

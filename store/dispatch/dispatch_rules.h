#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/message/properties.h"
#include "common/message/record.h"

namespace rocketmq::store {

/// The topic whose queues are RocketMQ's delay levels (TopicValidator.RMQ_SYS_SCHEDULE_TOPIC).
inline constexpr std::string_view kScheduleTopic = "SCHEDULE_TOPIC_XXXX";

/// What a consume queue holds beside a message's place. Delay entries hold the delivery time,
/// which is known only once the store time is.
struct TagsCode {
  int64_t value = 0;
  bool is_delay = false;  ///< `value` counts from the store time, in ms.

  int64_t at(TimestampMs store_timestamp_ms) const {
    return is_delay ? store_timestamp_ms + value : value;
  }
};

/// What a record means for the queues and the index (RocketMQ: CommitLogDispatcher).
class DispatchRules {
 public:
  /// `delay_level_ms`: level 1 first.
  explicit DispatchRules(std::vector<int64_t> delay_level_ms)
      : delay_level_ms_(std::move(delay_level_ms)) {}

  TagsCode tagsCode(std::string_view topic, std::string_view properties) const;
  int64_t tagsCodeOf(const MessageRecord& record) const {
    return tagsCode(record.topic, record.properties).at(record.store_timestamp_ms);
  }

 private:
  const std::vector<int64_t> delay_level_ms_;
};

/// The delay level that the properties ask for; 0 for none or nonsense.
int64_t delayLevel(std::string_view properties);

/// Prepared and rolled back messages are in the log only: they take no queue offset.
bool entersQueue(int32_t sys_flag);

/// Whether queue names can be made of it: a topic is a folder name. Whoever breaks this rule never
/// gets an entry in a queue.
bool isStorable(std::string_view topic, int32_t queue_id);

/// Calls `visit(key)` for each key under which the index knows the record, in RocketMQ's order.
template <class Visitor>
void forEachIndexKey(std::string_view properties, Visitor&& visit) {
  const std::string_view unique = findProperty(properties, property::kUniqueKey);
  if (!unique.empty()) {
    visit(unique);
  }
  std::string_view keys = findProperty(properties, property::kKeys);
  while (!keys.empty()) {
    const size_t end = keys.find(' ');
    if (end != 0) {
      visit(keys.substr(0, end));
    }
    keys.remove_prefix(end == std::string_view::npos ? keys.size() : end + 1);
  }
}

}  // namespace rocketmq::store

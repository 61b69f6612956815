#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "common/fields.h"
#include "common/model/config_tables.h"

namespace rocketmq::remoting {

// Answers to the four requests by which slaves and administrators copy a broker's settings. They
// are the files below config/ in json::Style::kFastjson.
using AllTopicConfig = model::TopicConfigTable;               ///< GET_ALL_TOPIC_CONFIG
using AllSubscriptionGroups = model::SubscriptionGroupTable;  ///< GET_ALL_SUBSCRIPTIONGROUP_CONFIG
using AllConsumerOffset = model::ConsumerOffsetTable;         ///< GET_ALL_CONSUMER_OFFSET
using AllDelayOffset = model::DelayOffsetTable;               ///< GET_ALL_DELAY_OFFSET

/// Timers of one topic that wait.
struct TimerMetric {
  int64_t count = 0;
  int64_t time_stamp = 0;  ///< When it last changed, in milliseconds since 1970.

  friend bool operator==(const TimerMetric&, const TimerMetric&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("count", &TimerMetric::count),
                      optional("timeStamp", &TimerMetric::time_stamp)};
  }
};

/// Answer to GET_TIMER_METRICS (RocketMQ: TimerMetricsSerializeWrapper).
struct TimerMetricsTable {
  model::DataVersion data_version;
  std::map<std::string, TimerMetric> timing_count;

  friend bool operator==(const TimerMetricsTable&, const TimerMetricsTable&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("dataVersion", &TimerMetricsTable::data_version),
                      optional("timingCount", &TimerMetricsTable::timing_count)};
  }
};

/// Answer to GET_ALL_MESSAGE_REQUEST_MODE (RocketMQ: MessageRequestModeSerializeWrapper). Always
/// empty: brokers of ours have no POP, so that no group has another mode than PULL.
struct MessageRequestModes {
  std::map<std::string, std::map<std::string, std::string>> message_request_mode_map;

  friend bool operator==(const MessageRequestModes&, const MessageRequestModes&) = default;

  static constexpr auto fields() {
    return std::tuple{
        optional("messageRequestModeMap", &MessageRequestModes::message_request_mode_map)};
  }
};

/// Body of UPDATE_AND_CREATE_TOPIC_LIST.
struct TopicConfigList {
  std::vector<model::TopicConfig> topic_config_list;

  friend bool operator==(const TopicConfigList&, const TopicConfigList&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("topicConfigList", &TopicConfigList::topic_config_list)};
  }
};

/// Body of UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST.
struct SubscriptionGroupList {
  std::vector<model::SubscriptionGroupConfig> group_config_list;

  friend bool operator==(const SubscriptionGroupList&, const SubscriptionGroupList&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("groupConfigList", &SubscriptionGroupList::group_config_list)};
  }
};

}  // namespace rocketmq::remoting

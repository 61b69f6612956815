#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "common/fields.h"

namespace rocketmq::model {

/// Which bits of a bit map a group sets (RocketMQ: BloomFilterData).
struct BloomFilterData {
  int32_t bit_num = 0;  ///< Of the whole map.
  std::vector<int32_t> bit_pos;

  friend bool operator==(const BloomFilterData&, const BloomFilterData&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("bitNum", &BloomFilterData::bit_num),
                      optional("bitPos", &BloomFilterData::bit_pos)};
  }
};

/// A group's SQL92 subscription of one topic as config/consumerFilter.json has it.
struct ConsumerFilterData {
  std::optional<BloomFilterData> bloom_filter_data = {};
  int64_t born_time = 0;       ///< Messages stored later have the filter's answer in their map.
  int64_t client_version = 0;  ///< Of the subscription: SubscriptionData::sub_version.
  std::string consumer_group;
  bool dead = false;
  int64_t dead_time = 0;  ///< Since when the group has no such subscription; 0: it has it now.
  std::string expression;
  std::string expression_type;
  std::string topic;

  friend bool operator==(const ConsumerFilterData&, const ConsumerFilterData&) = default;

  static constexpr auto fields() {
    using C = ConsumerFilterData;
    return std::tuple{optional("bloomFilterData", &C::bloom_filter_data),
                      optional("bornTime", &C::born_time),
                      optional("clientVersion", &C::client_version),
                      optional("consumerGroup", &C::consumer_group),
                      optional("dead", &C::dead),
                      optional("deadTime", &C::dead_time),
                      optional("expression", &C::expression),
                      optional("expressionType", &C::expression_type),
                      optional("topic", &C::topic)};
  }
};

/// The filters of one topic (RocketMQ: ConsumerFilterManager.FilterDataMapByTopic).
struct TopicFilterData {
  std::map<std::string, ConsumerFilterData> group_filter_data;
  std::string topic;

  friend bool operator==(const TopicFilterData&, const TopicFilterData&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("groupFilterData", &TopicFilterData::group_filter_data),
                      optional("topic", &TopicFilterData::topic)};
  }
};

/// config/consumerFilter.json.
struct ConsumerFilterTable {
  std::map<std::string, TopicFilterData> filter_data_by_topic;

  friend bool operator==(const ConsumerFilterTable&, const ConsumerFilterTable&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("filterDataByTopic", &ConsumerFilterTable::filter_data_by_topic)};
  }
};

}  // namespace rocketmq::model

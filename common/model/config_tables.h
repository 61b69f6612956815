#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "common/fields.h"
#include "common/model/data_version.h"
#include "common/model/subscription_group_config.h"
#include "common/model/topic_config.h"

// The files below config/ (json::Style::kPretty) and of the name server. Slaves and administrators
// get most of them as bodies too, then in json::Style::kFastjson.

namespace rocketmq::model {

/// topics.json; also the answer to GET_ALL_TOPIC_CONFIG and part of a registration (RocketMQ:
/// TopicConfigSerializeWrapper).
struct TopicConfigTable {
  DataVersion data_version;
  std::map<std::string, TopicConfig> topic_config_table;

  friend bool operator==(const TopicConfigTable&, const TopicConfigTable&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("dataVersion", &TopicConfigTable::data_version),
                      optional("topicConfigTable", &TopicConfigTable::topic_config_table)};
  }
};

/// subscriptionGroup.json; also the answer to GET_ALL_SUBSCRIPTIONGROUP_CONFIG (RocketMQ:
/// SubscriptionGroupWrapper).
struct SubscriptionGroupTable {
  DataVersion data_version;
  std::map<std::string, SubscriptionGroupConfig> subscription_group_table;
  /// 5.x: group, topic, bits of what the group must not do there.
  std::optional<std::map<std::string, std::map<std::string, int32_t>>> forbidden_table = {};

  friend bool operator==(const SubscriptionGroupTable&, const SubscriptionGroupTable&) = default;

  static constexpr auto fields() {
    using S = SubscriptionGroupTable;
    return std::tuple{optional("dataVersion", &S::data_version),
                      optional("forbiddenTable", &S::forbidden_table),
                      optional("subscriptionGroupTable", &S::subscription_group_table)};
  }
};

/// consumerOffset.json; also the answer to GET_ALL_CONSUMER_OFFSET. The groupTopicMap of 5.x can
/// be derived from the table and is not kept.
struct ConsumerOffsetTable {
  /// 5.x.
  std::optional<DataVersion> data_version = {};
  /// "topic@group", queue id, next offset to consume.
  std::map<std::string, std::map<int32_t, int64_t>> offset_table;

  friend bool operator==(const ConsumerOffsetTable&, const ConsumerOffsetTable&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("dataVersion", &ConsumerOffsetTable::data_version),
                      optional("offsetTable", &ConsumerOffsetTable::offset_table)};
  }
};

/// delayOffset.json; also the answer to GET_ALL_DELAY_OFFSET.
struct DelayOffsetTable {
  /// 5.x.
  std::optional<DataVersion> data_version = {};
  /// Delay level (from 1), next offset to deliver in its queue.
  std::map<int32_t, int64_t> offset_table;

  friend bool operator==(const DelayOffsetTable&, const DelayOffsetTable&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("dataVersion", &DelayOffsetTable::data_version),
                      optional("offsetTable", &DelayOffsetTable::offset_table)};
  }
};

/// The name server's kvConfig.json, which is compact (json::Style::kFastjson).
struct KvConfigTable {
  /// Namespace, key, value.
  std::map<std::string, std::map<std::string, std::string>> config_table;

  friend bool operator==(const KvConfigTable&, const KvConfigTable&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("configTable", &KvConfigTable::config_table)};
  }
};

}  // namespace rocketmq::model

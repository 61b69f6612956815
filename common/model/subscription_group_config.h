#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "common/fields.h"
#include "common/json/raw_json.h"

namespace rocketmq::model {

/// 5.x: the waiting times of a group's retries as a list.
struct CustomizedRetryPolicy {
  std::vector<int64_t> next_ms;

  friend bool operator==(const CustomizedRetryPolicy&, const CustomizedRetryPolicy&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("next", &CustomizedRetryPolicy::next_ms)};
  }
};

/// 5.x: the waiting times of a group's retries as a growing series.
struct ExponentialRetryPolicy {
  int64_t initial_ms = 5000;
  int64_t max_ms = 7'200'000;
  int64_t multiplier = 2;

  friend bool operator==(const ExponentialRetryPolicy&, const ExponentialRetryPolicy&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("initial", &ExponentialRetryPolicy::initial_ms),
                      optional("max", &ExponentialRetryPolicy::max_ms),
                      optional("multiplier", &ExponentialRetryPolicy::multiplier)};
  }
};

/// 5.x: how long a group waits between retries. Kept for whoever reads the file next.
struct GroupRetryPolicy {
  std::optional<CustomizedRetryPolicy> customized = {};
  std::optional<ExponentialRetryPolicy> exponential = {};
  std::string type = "CUSTOMIZED";  ///< Or "EXPONENTIAL".

  friend bool operator==(const GroupRetryPolicy&, const GroupRetryPolicy&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("customizedRetryPolicy", &GroupRetryPolicy::customized),
                      optional("exponentialRetryPolicy", &GroupRetryPolicy::exponential),
                      optional("type", &GroupRetryPolicy::type)};
  }
};

/// What a broker knows of a consumer group. The optional members are those of 5.x: absent in what
/// 4.9 has written, and kept when they are there.
struct SubscriptionGroupConfig {
  std::string group_name;
  bool consume_enable = true;
  bool consume_from_min_enable = true;
  bool consume_broadcast_enable = true;
  int32_t retry_queue_nums = 1;
  int32_t retry_max_times = 16;
  int64_t broker_id = 0;
  int64_t which_broker_when_consume_slowly = 1;
  bool notify_consumer_ids_changed_enable = true;

  std::optional<std::map<std::string, std::string>> attributes = {};
  std::optional<bool> consume_message_orderly = {};
  std::optional<int32_t> consume_timeout_minutes = {};
  std::optional<GroupRetryPolicy> group_retry_policy = {};
  std::optional<int32_t> group_sys_flag = {};
  std::optional<json::RawJson> subscription_data_set = {};

  friend bool operator==(const SubscriptionGroupConfig&, const SubscriptionGroupConfig&) = default;

  static constexpr auto fields() {
    using S = SubscriptionGroupConfig;
    return std::tuple{
        optional("attributes", &S::attributes),
        optional("brokerId", &S::broker_id),
        optional("consumeBroadcastEnable", &S::consume_broadcast_enable),
        optional("consumeEnable", &S::consume_enable),
        optional("consumeFromMinEnable", &S::consume_from_min_enable),
        optional("consumeMessageOrderly", &S::consume_message_orderly),
        optional("consumeTimeoutMinute", &S::consume_timeout_minutes),
        optional("groupName", &S::group_name),
        optional("groupRetryPolicy", &S::group_retry_policy),
        optional("groupSysFlag", &S::group_sys_flag),
        optional("notifyConsumerIdsChangedEnable", &S::notify_consumer_ids_changed_enable),
        optional("retryMaxTimes", &S::retry_max_times),
        optional("retryQueueNums", &S::retry_queue_nums),
        optional("subscriptionDataSet", &S::subscription_data_set),
        optional("whichBrokerWhenConsumeSlowly", &S::which_broker_when_consume_slowly)};
  }
};

}  // namespace rocketmq::model

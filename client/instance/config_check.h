#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <vector>

#include "common/status.h"
#include "rocketmq/default_lite_pull_consumer.h"
#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_pull_consumer.h"
#include "rocketmq/default_mq_push_consumer.h"

namespace rocketmq::client {

/// A setting and what it may be, both ends included.
struct SettingRange {
  const char* name;
  int64_t value;
  int64_t min;
  int64_t max = std::numeric_limits<int64_t>::max();
};

/// InvalidArgument names the first setting that is out of its range.
Status checkRanges(const std::vector<SettingRange>& ranges);

/// What start() refuses in the settings that clients of all kinds share.
Status checkClientConfig(const ClientConfig& config);
Status checkConsumerConfig(const ConsumerConfig& config);
/// That the client waits for a pull at least as long as the broker may hold it.
Status checkLongPolling(std::chrono::milliseconds broker_suspend_max_time,
                        std::chrono::milliseconds consumer_timeout_when_suspend);

/// The settings with times that can be added to the time of day, see boundedTimeout().
ProducerConfig withBoundedTimes(ProducerConfig config);
PushConsumerConfig withBoundedTimes(PushConsumerConfig config);
LitePullConsumerConfig withBoundedTimes(LitePullConsumerConfig config);
PullConsumerConfig withBoundedTimes(PullConsumerConfig config);

}  // namespace rocketmq::client

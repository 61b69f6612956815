#include "client/instance/config_check.h"

#include <algorithm>
#include <string>

#include "client/instance/bounded_timeout.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;

void boundTimes(ClientConfig& config) {
  for (milliseconds* time : {&config.poll_name_server_interval, &config.heartbeat_broker_interval,
                             &config.persist_consumer_offset_interval, &config.api_timeout}) {
    *time = boundedTimeout(*time);
  }
}

void boundConsumerTimes(ConsumerConfig& config) {
  boundTimes(config);
  config.rebalance_interval = boundedTimeout(config.rebalance_interval);
}

/// Of the kinds of consumer that wait for long polls themselves.
template <class PullingConfig>
void boundPullingTimes(PullingConfig& config) {
  boundConsumerTimes(config);
  config.broker_suspend_max_time = boundedTimeout(config.broker_suspend_max_time);
  config.consumer_timeout_when_suspend = boundedTimeout(config.consumer_timeout_when_suspend);
}

}  // namespace

Status checkRanges(const std::vector<SettingRange>& ranges) {
  for (const SettingRange& range : ranges) {
    if (range.value >= range.min && range.value <= range.max) {
      continue;
    }
    const std::string wrong = std::string(range.name) + " is " + std::to_string(range.value);
    return Status::invalidArgument(range.max == std::numeric_limits<int64_t>::max()
                                       ? wrong + ", but must be at least " +
                                             std::to_string(range.min)
                                       : wrong + ", out of range [" + std::to_string(range.min) +
                                             ", " + std::to_string(range.max) + "]");
  }
  return Status::ok();
}

Status checkClientConfig(const ClientConfig& config) {
  return checkRanges({
      {"poll_name_server_interval", config.poll_name_server_interval.count(), 1},
      {"heartbeat_broker_interval", config.heartbeat_broker_interval.count(), 1},
      {"persist_consumer_offset_interval", config.persist_consumer_offset_interval.count(), 1},
      {"api_timeout", config.api_timeout.count(), 1},
  });
}

Status checkConsumerConfig(const ConsumerConfig& config) {
  ROCKETMQ_RETURN_IF_ERROR(checkClientConfig(config));
  return checkRanges({{"rebalance_interval", config.rebalance_interval.count(), 1}});
}

// RocketMQ: DefaultLitePullConsumerImpl.checkConfig, DefaultMQPullConsumerImpl.checkConfig.
Status checkLongPolling(milliseconds broker_suspend_max_time,
                        milliseconds consumer_timeout_when_suspend) {
  if (consumer_timeout_when_suspend >= broker_suspend_max_time) {
    return Status::ok();
  }
  return Status::invalidArgument("consumer_timeout_when_suspend is " +
                                 std::to_string(consumer_timeout_when_suspend.count()) +
                                 " ms, but must be at least broker_suspend_max_time, which is " +
                                 std::to_string(broker_suspend_max_time.count()) + " ms");
}

ProducerConfig withBoundedTimes(ProducerConfig config) {
  boundTimes(config);
  config.send_msg_timeout = boundedTimeout(config.send_msg_timeout);
  return config;
}

PushConsumerConfig withBoundedTimes(PushConsumerConfig config) {
  boundConsumerTimes(config);
  config.consume_timeout = std::clamp<std::chrono::minutes>(
      config.consume_timeout, std::chrono::minutes(0),
      std::chrono::floor<std::chrono::minutes>(boundedTimeout(milliseconds::max())));
  config.await_termination_on_shutdown = boundedTimeout(config.await_termination_on_shutdown);
  return config;
}

LitePullConsumerConfig withBoundedTimes(LitePullConsumerConfig config) {
  boundPullingTimes(config);
  config.auto_commit_interval = boundedTimeout(config.auto_commit_interval);
  return config;
}

PullConsumerConfig withBoundedTimes(PullConsumerConfig config) {
  boundPullingTimes(config);
  config.consumer_pull_timeout = boundedTimeout(config.consumer_pull_timeout);
  return config;
}

}  // namespace rocketmq::client

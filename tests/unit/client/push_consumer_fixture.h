#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/json/decode.h"
#include "remoting/protocol/bodies/consumer_running_info.h"
#include "remoting/protocol/commands/relay.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/unit/client/fake_cluster.h"

namespace rocketmq::client {

/// What a listener has been given, in the order in which it came.
class Received {
 public:
  void add(const std::vector<MessageExt>& messages) {
    std::lock_guard lock(mutex_);
    messages_.insert(messages_.end(), messages.begin(), messages.end());
  }
  std::vector<MessageExt> all() const {
    std::lock_guard lock(mutex_);
    return messages_;
  }
  std::vector<std::string> bodies() const {
    std::vector<std::string> bodies;
    for (const MessageExt& message : all()) {
      bodies.push_back(message.body());
    }
    return bodies;
  }
  bool hasCount(size_t count) const { return all().size() >= count; }

 private:
  mutable std::mutex mutex_;
  std::vector<MessageExt> messages_;
};

class PushConsumerTest : public testing::Test {
 protected:
  PushConsumerTest() { cluster_.createTopic("T", 1); }

  PushConsumerConfig config() const {
    PushConsumerConfig config;
    config.namesrv_addr = cluster_.nameServer();
    config.consumer_group = "CG";
    config.consume_from_where = ConsumeFromWhere::kFirstOffset;
    return config;
  }

  /// A consumer of T whose listener says what `answer` says.
  std::unique_ptr<DefaultMQPushConsumer> consumer(
      const PushConsumerConfig& config,
      std::function<ConsumeConcurrentlyStatus(const std::vector<MessageExt>&,
                                              ConsumeConcurrentlyContext&)>
          answer = nullptr) {
    auto result = std::make_unique<DefaultMQPushConsumer>(config);
    result->subscribe("T");
    result->registerMessageListener([this, answer](const std::vector<MessageExt>& messages,
                                                   ConsumeConcurrentlyContext& context) {
      received_.add(messages);
      return answer ? answer(messages, context) : ConsumeConcurrentlyStatus::kConsumeSuccess;
    });
    return result;
  }

  std::unique_ptr<DefaultMQPushConsumer> orderly(
      const PushConsumerConfig& config,
      std::function<ConsumeOrderlyStatus(const std::vector<MessageExt>&)> answer = nullptr) {
    auto result = std::make_unique<DefaultMQPushConsumer>(config);
    result->subscribe("T");
    result->registerMessageListener(
        [this, answer](const std::vector<MessageExt>& messages, ConsumeOrderlyContext&) {
          received_.add(messages);
          return answer ? answer(messages) : ConsumeOrderlyStatus::kSuccess;
        });
    return result;
  }

  FakeBroker& broker() { return cluster_.broker(); }

  /// What the client that connected last says about group CG.
  Result<remoting::ConsumerRunningInfo> runningInfo() {
    remoting::GetConsumerRunningInfo request;
    request.consumer_group = "CG";
    const auto reply = broker().askClient(request);
    if (!reply.ok()) {
      return reply.status();
    }
    return json::decode<remoting::ConsumerRunningInfo>(reply->body);
  }

  /// True when that client pulls the queue.
  bool owns(const MessageQueue& queue) {
    const auto info = runningInfo();
    return info.ok() && info->mq_table.contains({queue.topic, queue.broker_name, queue.queue_id});
  }

  std::vector<std::string> lastBodies(ptrdiff_t count) const {
    const std::vector<std::string> bodies = received_.bodies();
    return {bodies.end() - count, bodies.end()};
  }

  FakeCluster cluster_;
  Received received_;
};

}  // namespace rocketmq::client

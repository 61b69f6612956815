#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/integration/shared_cluster.h"
#include "tests/support/daemon.h"

namespace rocketmq::test {

/// Bodies a listener was given, in order and counted.
class Inbox {
 public:
  void take(const MessageExt& message) {
    std::lock_guard lock(mutex_);
    ++bodies_[message.body()];
    ++received_;
    messages_.push_back(message);
  }
  size_t different() const {
    std::lock_guard lock(mutex_);
    return bodies_.size();
  }
  size_t received() const {
    std::lock_guard lock(mutex_);
    return received_;
  }
  std::vector<MessageExt> messages() const {
    std::lock_guard lock(mutex_);
    return messages_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> bodies_;
  std::vector<MessageExt> messages_;
  size_t received_ = 0;
};

/// A topic and group of each test's own.
class ClientFixture : public SharedCluster {
 protected:
  void SetUp() override {
    const std::string test = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    topic_ = "C_" + test;
    group_ = "CG_" + test;
    cluster_->createTopic(topic_);
  }

  std::unique_ptr<DefaultMQProducer> producer() const {
    ProducerConfig config;
    config.namesrv_addr = cluster_->namesrvAddr();
    config.producer_group = "P_" + topic_;
    auto producer = std::make_unique<DefaultMQProducer>(config);
    producer->start();
    return producer;
  }

  PushConsumerConfig pushConfig() const {
    PushConsumerConfig config;
    config.namesrv_addr = cluster_->namesrvAddr();
    config.consumer_group = group_;
    config.consume_from_where = ConsumeFromWhere::kFirstOffset;
    config.consume_thread_max = 4;
    return config;
  }

  static MessageListenerConcurrently into(Inbox& inbox) {
    return [&inbox](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
      std::for_each(messages.begin(), messages.end(),
                    [&](const MessageExt& message) { inbox.take(message); });
      return ConsumeConcurrentlyStatus::kConsumeSuccess;
    };
  }

  std::unique_ptr<DefaultMQPushConsumer> consume(Inbox& inbox,
                                                 const std::string& tags = "*") const {
    return consume(pushConfig(), into(inbox), topic_, tags);
  }

  std::unique_ptr<DefaultMQPushConsumer> consume(PushConsumerConfig config,
                                                 MessageListenerConcurrently listener,
                                                 const std::string& topic = {},
                                                 const std::string& tags = "*") const {
    auto consumer = std::make_unique<DefaultMQPushConsumer>(std::move(config));
    consumer->subscribe(topic.empty() ? topic_ : topic, tags);
    consumer->registerMessageListener(std::move(listener));
    consumer->start();
    return consumer;
  }

  std::string topic_;
  std::string group_;
};

}  // namespace rocketmq::test

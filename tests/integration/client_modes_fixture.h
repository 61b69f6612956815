#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "rocketmq/default_lite_pull_consumer.h"
#include "tests/integration/client_fixture.h"

namespace rocketmq::test {

/// A client fixture with a producer of its own and consumers of every kind.
class ClientModesFixture : public ClientFixture {
 protected:
  void send(const std::string& body, int32_t queue_id) const {
    Message message(topic_, body);
    sender().send(message, MessageQueue{topic_, "broker-a", queue_id});
  }
  void sendSome(const std::string& name, int count) const {
    for (int i = 0; i < count; ++i) {
      Message message(topic_, name + std::to_string(i));
      sender().send(message);
    }
  }

  DefaultMQProducer& sender() const {
    if (sender_ == nullptr) {
      sender_ = producer();
    }
    return *sender_;
  }

  LitePullConsumerConfig liteConfig() const {
    LitePullConsumerConfig config;
    config.namesrv_addr = cluster_->namesrvAddr();
    config.consumer_group = group_;
    config.consume_from_where = ConsumeFromWhere::kFirstOffset;
    config.poll_name_server_interval = std::chrono::milliseconds(200);
    return config;
  }

 private:
  mutable std::unique_ptr<DefaultMQProducer> sender_;
};

}  // namespace rocketmq::test

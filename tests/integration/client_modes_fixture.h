#pragma once

#include <chrono>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rocketmq/default_lite_pull_consumer.h"
#include "tests/integration/client_fixture.h"
#include "tests/support/raw_client.h"

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

  /// How many messages wait in each queue of a running consumer, as it tells itself.
  std::vector<int> cached(const DefaultMQPushConsumer& consumer) const {
    RawClient administrator(cluster_->brokerPort());
    // 307 is GET_CONSUMER_RUNNING_INFO.
    const std::string body = administrator
                                 .call(307, R"({"consumerGroup":")" + group_ + R"(","clientId":")" +
                                                consumer.clientId() + R"("})")
                                 .body;
    std::vector<int> counts;
    constexpr std::string_view kName = "\"cachedMsgCount\":";
    for (size_t at = body.find(kName); at != std::string::npos; at = body.find(kName, at + 1)) {
      counts.push_back(std::atoi(body.c_str() + at + kName.size()));
    }
    return counts;
  }
  int cachedInAll(const DefaultMQPushConsumer& consumer) const {
    const std::vector<int> counts = cached(consumer);
    return std::accumulate(counts.begin(), counts.end(), 0);
  }

 private:
  mutable std::unique_ptr<DefaultMQProducer> sender_;
};

}  // namespace rocketmq::test

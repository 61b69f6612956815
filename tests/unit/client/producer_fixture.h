#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <string>

#include "rocketmq/default_mq_producer.h"
#include "tests/unit/client/fake_cluster.h"

namespace rocketmq::client {

inline ProducerConfig configFor(const FakeCluster& cluster) {
  ProducerConfig config;
  config.namesrv_addr = cluster.nameServer();
  config.producer_group = "PG";
  return config;
}

/// What an asynchronous send came to.
struct Heard {
  std::promise<SendResult> promise;

  SendCallback callback() {
    return {.on_success = [this](const SendResult& result) { promise.set_value(result); },
            .on_exception =
                [this](const MQException& failure) {
                  promise.set_exception(
                      std::make_exception_ptr(MQClientException(failure.code(), failure.what())));
                }};
  }
  SendResult get() { return promise.get_future().get(); }
};

class ProducerTest : public testing::Test {
 protected:
  void start(size_t brokers = 1, const std::function<void(ProducerConfig&)>& adjust = nullptr) {
    cluster_ = std::make_unique<FakeCluster>(brokers);
    cluster_->createTopic("T", 2);
    ProducerConfig config = configFor(*cluster_);
    if (adjust) {
      adjust(config);
    }
    producer_ = std::make_unique<DefaultMQProducer>(config);
    producer_->start();
  }

  SendResult send(const std::string& body = "hello") {
    Message message("T", body);
    return producer_->send(message);
  }

  std::unique_ptr<FakeCluster> cluster_;
  std::unique_ptr<DefaultMQProducer> producer_;
};

}  // namespace rocketmq::client

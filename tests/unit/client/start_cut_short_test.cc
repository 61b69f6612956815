#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <thread>

#include "rocketmq/default_lite_pull_consumer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/unit/client/fake_cluster.h"

namespace rocketmq::client {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

/// Far less than the minute that a start would wait.
constexpr seconds kShutdownMax{10};
constexpr seconds kMinute{60};

/// Consumers that are started while some server does not answer.
class StartThatWaitsTest : public testing::Test {
 protected:
  StartThatWaitsTest() { cluster_.createTopic("T"); }

  template <class Config>
  Config patient() const {
    Config config;
    config.namesrv_addr = cluster_.nameServer();
    config.consumer_group = "CG";
    config.api_timeout = kMinute;
    return config;
  }

  /// Shuts `consumer` down when its start() waits, which `waits` tells.
  template <class Consumer>
  static void expectStartCutShort(Consumer& consumer, const std::function<bool()>& waits) {
    std::thread starter([&] { EXPECT_THROW(consumer.start(), MQClientException); });
    EXPECT_TRUE(eventually(waits));
    const auto begin = steady_clock::now();
    consumer.shutdown();
    starter.join();
    EXPECT_LT(steady_clock::now() - begin, kShutdownMax);
    EXPECT_THROW(consumer.start(), MQClientException);
  }
  /// The starts wait when `count` has grown.
  void expectStartsCutShort(const std::function<int64_t()>& count) {
    DefaultMQPushConsumer push(patient<PushConsumerConfig>());
    push.subscribe("T");
    push.registerMessageListener([](const auto&, ConsumeConcurrentlyContext&) {
      return ConsumeConcurrentlyStatus::kConsumeSuccess;
    });
    expectStartCutShort(push, [&, before = count()] { return count() > before; });
    DefaultLitePullConsumer lite(patient<LitePullConsumerConfig>());
    lite.subscribe("T");
    expectStartCutShort(lite, [&, before = count()] { return count() > before; });
  }

  FakeCluster cluster_;
};

// Promise: a start that waits for servers does not hold up a shutdown.
TEST_F(StartThatWaitsTest, ForARouteIsCutShort) {
  cluster_.swallowRoutes(true);
  expectStartsCutShort([this] { return cluster_.routeRequests(); });
}

TEST_F(StartThatWaitsTest, ForAHeartbeatIsCutShort) {
  cluster_.broker().swallowHeartbeats(true);
  expectStartsCutShort([this] { return cluster_.broker().heartbeats(); });
}

TEST_F(StartThatWaitsTest, ForItsFirstQueuesIsCutShort) {
  cluster_.broker().swallowOffsetQuestions(true);
  DefaultLitePullConsumer lite(patient<LitePullConsumerConfig>());
  lite.subscribe("T");
  expectStartCutShort(lite, [this] { return cluster_.broker().offsetQuestions() > 0; });
}

}  // namespace
}  // namespace rocketmq::client

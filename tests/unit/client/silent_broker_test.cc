// One broker that takes questions and never answers holds up the queues of the others for one
// question's time, not for one per queue.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>

#include "rocketmq/default_lite_pull_consumer.h"
#include "tests/unit/client/push_consumer_fixture.h"

namespace rocketmq::client {
namespace {

constexpr int32_t kQueues = 8;
/// The first run's, and that of a second one that may have begun before the test looks.
constexpr int64_t kQuestionsMax = 2;

class SilentBrokerTest : public testing::Test {
 protected:
  SilentBrokerTest() {
    cluster_.createTopic("T", kQueues);
    healthy().append("T", 0, "a");
  }

  FakeBroker& silent() { return cluster_.broker(0); }
  FakeBroker& healthy() { return cluster_.broker(1); }

  template <class Config>
  Config config() const {
    Config config;
    config.namesrv_addr = cluster_.nameServer();
    config.consumer_group = "CG";
    config.consume_from_where = ConsumeFromWhere::kFirstOffset;
    config.api_timeout = std::chrono::milliseconds(500);
    return config;
  }

  /// Starts a push consumer and waits for the first message.
  void consume() {
    push_ = std::make_unique<DefaultMQPushConsumer>(config<PushConsumerConfig>());
    push_->subscribe("T");
    push_->registerMessageListener([this](const auto& messages, ConsumeConcurrentlyContext&) {
      received_.add(messages);
      return ConsumeConcurrentlyStatus::kConsumeSuccess;
    });
    push_->start();
    ASSERT_TRUE(eventually([this] { return received_.hasCount(1); }));
  }

  FakeCluster cluster_{2};
  Received received_;
  std::unique_ptr<DefaultMQPushConsumer> push_;
};

TEST_F(SilentBrokerTest, IsAskedForOneOffsetOfARun) {
  silent().swallowOffsetQuestions(true);
  consume();
  EXPECT_LE(silent().offsetQuestions(), kQuestionsMax);
  silent().swallowOffsetQuestions(false);
  EXPECT_TRUE(eventually([this] { return silent().pulls("T") >= kQueues; })) << "it is back";
}

TEST_F(SilentBrokerTest, IsAskedForNothingMoreWhenItDoesNotTellTheMembers) {
  silent().swallowMemberQuestions(true);
  consume();
  EXPECT_LE(silent().memberQuestions(), kQuestionsMax);
  EXPECT_EQ(silent().offsetQuestions(), 0);
  EXPECT_EQ(silent().lockRequests(), 0);
}

TEST_F(SilentBrokerTest, IsAskedForOneOffsetOfARunByALitePullConsumerToo) {
  silent().swallowOffsetQuestions(true);
  DefaultLitePullConsumer lite(config<LitePullConsumerConfig>());
  lite.subscribe("T");
  lite.start();
  ASSERT_EQ(lite.poll(std::chrono::seconds(10)).size(), 1u);
  EXPECT_LE(silent().offsetQuestions(), kQuestionsMax);
}

// Promise: what the end of a consumer cuts off is nobody's fault.
TEST_F(SilentBrokerTest, IsNotBlamedForAnAnswerThatTheConsumerDoesNotWaitFor) {
  silent().swallowMemberQuestions(true);
  healthy().swallowMemberQuestions(true);
  auto patient = config<PushConsumerConfig>();
  patient.api_timeout = std::chrono::minutes(1);
  testing::internal::CaptureStderr();
  DefaultMQPushConsumer push(patient);
  push.subscribe("T");
  push.registerMessageListener([](const auto&, ConsumeConcurrentlyContext&) {
    return ConsumeConcurrentlyStatus::kConsumeSuccess;
  });
  push.start();
  EXPECT_TRUE(
      eventually([this] { return silent().memberQuestions() + healthy().memberQuestions() > 0; }));
  push.shutdown();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace rocketmq::client

// What an administrator's reset does to a group that runs.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <string>
#include <vector>

#include "tests/integration/client_modes_fixture.h"
#include "tests/support/raw_client.h"
#include "tests/support/slave.h"

namespace rocketmq::test {
namespace {

using std::chrono::milliseconds;

/// A member that has pulled all messages of its queue, and consumed none but the first, whose
/// listener has not ended; then the group is reset to the end.
class ResetToEndTest : public ClientModesFixture {
 protected:
  static constexpr int kMessages = 40;

  void SetUp() override {
    ClientModesFixture::SetUp();
    for (int i = 0; i < kMessages; ++i) {
      send("before " + std::to_string(i), 0);
    }
  }

  PushConsumerConfig oneThread() const {
    PushConsumerConfig config = pushConfig();
    config.consume_thread_max = 1;
    return config;
  }

  void consume(const MessageExt& message) {
    inbox_.take(message);
    may_go_on_.wait();
  }

  void resetToEnd() const {
    const Cluster::Outcome reset =
        cluster_->admin({"resetOffsetByTime", "-g", group_, "-t", topic_, "-s", "now"});
    EXPECT_EQ(reset.status, 0) << reset.output;
  }

  /// Starts the consumer, whose listener calls consume(), and which pulls `pulled` messages.
  void expectOnlyNewOnes(DefaultMQPushConsumer& consumer, int pulled = kMessages) {
    consumer.subscribe(topic_);
    consumer.start();
    EXPECT_TRUE(
        eventually([&] { return inbox_.received() == 1 && cachedInAll(consumer) == pulled; }));
    resetToEnd();
    EXPECT_TRUE(eventually([&] { return cachedInAll(consumer) == 0; })) << "it has heard";
    go_on_.set_value();
    send("after", 0);
    ASSERT_TRUE(eventually([&] { return inbox_.received() > 1; }));
    EXPECT_EQ(inbox_.messages()[1].body(), "after");
    consumer.shutdown();
    EXPECT_EQ(committed(), std::to_string(kMessages + 1));
  }

  std::string committed() const {
    RawClient administrator(cluster_->brokerPort());
    return administrator
        .call(14,
              R"({"topic":")" + topic_ + R"(","queueId":"0","consumerGroup":")" + group_ + R"("})")
        .ext["offset"];
  }

  Inbox inbox_;

 private:
  std::promise<void> go_on_;
  std::shared_future<void> may_go_on_ = go_on_.get_future().share();
};

TEST_F(ResetToEndTest, AConcurrentConsumerDropsWhatItHasPulled) {
  DefaultMQPushConsumer consumer(oneThread());
  consumer.registerMessageListener(
      [this](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
        consume(messages.front());
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  expectOnlyNewOnes(consumer);
}

// Promise: a member hears of it that does not pull, as it holds all that it may.
TEST_F(ResetToEndTest, AConsumerHearsOfItThatFlowControlHoldsBack) {
  PushConsumerConfig config = oneThread();
  config.pull_batch_size = 1;
  config.pull_threshold_for_queue = 1;
  DefaultMQPushConsumer consumer(config);
  consumer.registerMessageListener(
      [this](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
        consume(messages.front());
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  expectOnlyNewOnes(consumer, 2);
}

TEST_F(ResetToEndTest, AnOrderlyConsumerDropsWhatItHasPulled) {
  DefaultMQPushConsumer consumer(oneThread());
  consumer.registerMessageListener(
      [this](const std::vector<MessageExt>& messages, ConsumeOrderlyContext&) {
        consume(messages.front());
        return ConsumeOrderlyStatus::kSuccess;
      });
  expectOnlyNewOnes(consumer);
}

TEST_F(ResetToEndTest, ALitePullConsumerDropsWhatItHasPulled) {
  const auto pulled = [] {
    return std::atoll(
        runtimeInfo(*cluster_, cluster_->brokerAddr(), "msgGetTotalTodayNow").c_str());
  };
  const int64_t before = pulled();
  LitePullConsumerConfig config = liteConfig();
  config.pull_batch_size = 1;
  DefaultLitePullConsumer consumer(config);
  consumer.subscribe(topic_);
  consumer.start();
  const auto take = [&] {
    const std::vector<MessageExt> polled = consumer.poll(milliseconds(20));
    std::for_each(polled.begin(), polled.end(), [&](const auto& message) { inbox_.take(message); });
    return !polled.empty();
  };
  ASSERT_TRUE(eventually(take));
  ASSERT_TRUE(eventually([&] { return pulled() >= before + kMessages; }));
  resetToEnd();
  send("after", 0);
  // Who has pulled that has heard.
  ASSERT_TRUE(eventually([&] { return pulled() > before + kMessages; }));
  ASSERT_TRUE(eventually(take));
  EXPECT_EQ(inbox_.messages()[1].body(), "after");
}

}  // namespace
}  // namespace rocketmq::test

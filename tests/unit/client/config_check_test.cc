#include "client/instance/config_check.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/unit/client/producer_fixture.h"
#include "tests/unit/client/push_consumer_fixture.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// What start() says; empty when it works.
std::string refusalOf(auto& client) {
  try {
    client.start();
  } catch (const MQClientException& refusal) {
    return refusal.what();
  }
  client.shutdown();
  return {};
}

template <class Client, class Config>
void expectRefused(Config config, const std::string& setting,
                   const std::function<void(Config&)>& spoil) {
  spoil(config);
  Client client(config);
  if constexpr (std::is_same_v<Client, DefaultMQPushConsumer>) {
    client.registerMessageListener(
        [](const auto&, ConsumeConcurrentlyContext&) { return ConsumeConcurrentlyStatus{}; });
  }
  EXPECT_NE(refusalOf(client).find(setting), std::string::npos) << setting;
}

/// No address is needed: all of this is refused before anybody is asked.
template <class Config>
Config named(const std::string& group) {
  Config config;
  config.consumer_group = group;
  return config;
}

TEST(ConfigCheckTest, IntervalsThatAreNotPositiveAreRefused) {
  ProducerConfig producer;
  producer.producer_group = "G";
  for (const milliseconds wrong : {milliseconds(0), milliseconds(-1), milliseconds::min()}) {
    expectRefused<DefaultMQProducer, ProducerConfig>(
        producer, "poll_name_server_interval",
        [&](auto& config) { config.poll_name_server_interval = wrong; });
    expectRefused<DefaultMQProducer, ProducerConfig>(
        producer, "heartbeat_broker_interval",
        [&](auto& config) { config.heartbeat_broker_interval = wrong; });
    expectRefused<DefaultMQProducer, ProducerConfig>(
        producer, "api_timeout", [&](auto& config) { config.api_timeout = wrong; });
    expectRefused<DefaultMQPullConsumer, PullConsumerConfig>(
        named<PullConsumerConfig>("G"), "persist_consumer_offset_interval",
        [&](auto& config) { config.persist_consumer_offset_interval = wrong; });
    expectRefused<DefaultLitePullConsumer, LitePullConsumerConfig>(
        named<LitePullConsumerConfig>("G"), "rebalance_interval",
        [&](auto& config) { config.rebalance_interval = wrong; });
    expectRefused<DefaultMQPushConsumer, PushConsumerConfig>(
        named<PushConsumerConfig>("G"), "rebalance_interval",
        [&](auto& config) { config.rebalance_interval = wrong; });
  }
  expectRefused<DefaultMQPushConsumer, PushConsumerConfig>(
      named<PushConsumerConfig>("G"), "consume_timeout",
      [&](auto& config) { config.consume_timeout = minutes(0); });
}

TEST(ConfigCheckTest, ALevelThatTheCompressionDoesNotHaveIsRefused) {
  for (const auto& [type, level] :
       {std::pair{CompressType::kZlib, 0}, {CompressType::kZlib, 10}, {CompressType::kZstd, 23}}) {
    ProducerConfig producer;
    producer.producer_group = "G";
    expectRefused<DefaultMQProducer, ProducerConfig>(producer, "compress_level",
                                                     [type = type, level = level](auto& config) {
                                                       config.compress_type = type;
                                                       config.compress_level = level;
                                                     });
  }
}

TEST(ConfigCheckTest, AProducerThatCouldSendNothingIsRefused) {
  ProducerConfig producer;
  producer.producer_group = "G";
  expectRefused<DefaultMQProducer, ProducerConfig>(
      producer, "max_message_size", [](auto& config) { config.max_message_size = 0; });
}

// Brokers know only the whole name.
TEST(ConfigCheckTest, AGroupThatIsTooLongInItsNamespaceIsRefused) {
  const auto spoil = [](auto& config) { config.name_space = "namespace"; };
  const std::string group(250, 'g');
  ProducerConfig producer;
  producer.producer_group = group;
  expectRefused<DefaultMQProducer, ProducerConfig>(producer, "260 characters", spoil);
  expectRefused<DefaultMQPushConsumer, PushConsumerConfig>(named<PushConsumerConfig>(group),
                                                           "260 characters", spoil);
  expectRefused<DefaultLitePullConsumer, LitePullConsumerConfig>(
      named<LitePullConsumerConfig>(group), "260 characters", spoil);
  expectRefused<DefaultMQPullConsumer, PullConsumerConfig>(named<PullConsumerConfig>(group),
                                                           "260 characters", spoil);
}

TEST(ConfigCheckTest, ALitePullConsumerRefusesWhatCannotWork) {
  const auto refuses = [](const std::string& setting,
                          const std::function<void(LitePullConsumerConfig&)>& spoil) {
    expectRefused<DefaultLitePullConsumer, LitePullConsumerConfig>(
        named<LitePullConsumerConfig>("G"), setting, spoil);
  };
  refuses("consumer_timeout_when_suspend",
          [](auto& config) { config.consumer_timeout_when_suspend = milliseconds(19'999); });
  refuses("allocate_strategy", [](auto& config) { config.allocate_strategy = nullptr; });
  refuses("pull_threshold_for_all", [](auto& config) { config.pull_threshold_for_all = 0; });
  refuses("pull_threshold_for_queue", [](auto& config) { config.pull_threshold_for_queue = 0; });
  refuses("pull_threshold_size_for_queue_mib",
          [](auto& config) { config.pull_threshold_size_for_queue_mib = -1; });
  refuses("consume_max_span", [](auto& config) { config.consume_max_span = 0; });
  refuses("pull_batch_size", [](auto& config) { config.pull_batch_size = 0; });
}

/// Enough time for what would run without end to show.
constexpr int kRounds = 100;

/// A cluster, and clients all of whose times are as long as can be.
class ForEverTest : public PushConsumerTest {
 protected:
  template <class Config>
  Config forEver() {
    Config config;
    config.namesrv_addr = cluster_.nameServer();
    config.consumer_group = "CG";
    setShared(config);
    config.rebalance_interval = milliseconds::max();
    return config;
  }

  static void setShared(ClientConfig& config) {
    config.poll_name_server_interval = milliseconds::max();
    config.heartbeat_broker_interval = milliseconds::max();
    config.persist_consumer_offset_interval = milliseconds::max();
    config.api_timeout = milliseconds::max();
  }
};

TEST_F(ForEverTest, APushConsumerWaitsForEver) {
  auto config = forEver<PushConsumerConfig>();
  config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  config.consume_timeout = minutes::max();
  config.await_termination_on_shutdown = milliseconds::max();
  std::promise<void> entered;
  std::promise<void> leave;
  const auto subject = consumer(config, [&](const auto&, auto&) {
    entered.set_value();
    leave.get_future().wait();
    return ConsumeConcurrentlyStatus::kConsumeSuccess;
  });
  subject->start();
  broker().append("T", 0, "a");
  entered.get_future().wait();
  auto stopped = std::async(std::launch::async, [&] { subject->shutdown(); });
  EXPECT_EQ(stopped.wait_for(milliseconds(50)), std::future_status::timeout);
  leave.set_value();
  stopped.get();
  EXPECT_LE(broker().heartbeats(), 3) << "each interval is over at once";
}

TEST_F(ForEverTest, APullConsumerWaitsForEver) {
  auto config = forEver<PullConsumerConfig>();
  config.consumer_pull_timeout = milliseconds::max();
  config.broker_suspend_max_time = milliseconds::max();
  config.consumer_timeout_when_suspend = milliseconds::max();
  DefaultMQPullConsumer subject(config);
  subject.start();
  const MessageQueue queue{"T", "b0", 0};
  EXPECT_EQ(subject.pull(queue, "*", 0, 1).status, PullStatus::kNoNewMessage);
  auto pulled =
      std::async(std::launch::async, [&] { return subject.pullBlockIfNotFound(queue, "*", 0, 1); });
  ASSERT_TRUE(eventually([&] { return broker().pulls("T") == 2; }));
  broker().append("T", 0, "a");
  EXPECT_EQ(pulled.get().messages.size(), 1u);
}

TEST_F(ForEverTest, ALitePullConsumerWaitsForEver) {
  auto config = forEver<LitePullConsumerConfig>();
  config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  config.auto_commit_interval = milliseconds::max();
  config.poll_timeout = milliseconds::max();
  config.broker_suspend_max_time = milliseconds::max();
  config.consumer_timeout_when_suspend = milliseconds::max();
  DefaultLitePullConsumer subject(config);
  subject.subscribe("T");
  subject.start();
  auto polled = std::async(std::launch::async, [&] { return subject.poll(); });
  ASSERT_TRUE(eventually([&] { return broker().pulls("T") == 1; }));
  const int64_t questions = broker().memberQuestions();
  broker().append("T", 0, "a");
  EXPECT_EQ(polled.get().size(), 1u);
  for (int i = 0; i < kRounds; ++i) {
    broker().append("T", 0, "a");
    ASSERT_EQ(subject.poll().size(), 1u);
  }
  EXPECT_LE(broker().memberQuestions(), questions + 3) << "each interval is over at once";
}

TEST_F(ForEverTest, AProducerWaitsForEver) {
  ProducerConfig config = configFor(cluster_);
  setShared(config);
  config.send_msg_timeout = milliseconds::max();
  DefaultMQProducer subject(config);
  subject.start();
  const auto send = [&subject] {
    Message message("T", "x");
    return subject.send(message).status;
  };
  EXPECT_EQ(send(), SendStatus::kSendOk);
  // One to the new broker, and the first of the regular ones.
  ASSERT_TRUE(eventually([this] { return broker().heartbeats() >= 2; }));
  for (int i = 0; i < kRounds; ++i) {
    EXPECT_EQ(send(), SendStatus::kSendOk);
  }
  EXPECT_LE(broker().heartbeats(), 4) << "each interval is over at once";
}

}  // namespace
}  // namespace rocketmq::client

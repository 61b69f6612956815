// Two clients of a process, in functions of the application's that run at the same time: each shuts
// the other one down, and neither may wait for the function that the other one is in.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "remoting/protocol/commands/transaction.h"
#include "rocketmq/default_lite_pull_consumer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/unit/client/checking_listener.h"
#include "tests/unit/client/messages.h"
#include "tests/unit/client/producer_fixture.h"

namespace rocketmq::client {
namespace {

/// Where two functions wait for each other before they go on.
class Meeting {
 public:
  /// Does `act` once, when both are here.
  void attend(const std::function<void()>& act) {
    ++here_;
    eventually([this] { return here_ >= 2; });
    act();
    ++left_;
  }
  bool isOver() const { return left_ >= 2; }

 private:
  std::atomic<int> here_{0};
  std::atomic<int> left_{0};
};

class MutualShutdownTest : public testing::Test {
 protected:
  void SetUp() override { cluster_.createTopic("T"); }

  ProducerConfig producerConfig(const std::string& group) const {
    ProducerConfig config = configFor(cluster_);
    config.producer_group = group;
    return config;
  }
  template <class Config>
  Config consumerConfig(const std::string& group) const {
    Config config;
    config.namesrv_addr = cluster_.nameServer();
    config.consumer_group = group;
    return config;
  }
  void expectMeetingEnds() {
    EXPECT_TRUE(eventually([this] { return meeting_.isOver(); }));
  }

  FakeCluster cluster_;
  Meeting meeting_;
};

TEST_F(MutualShutdownTest, CallbacksOfProducers) {
  DefaultMQProducer a(producerConfig("PGa"));
  DefaultMQProducer b(producerConfig("PGb"));
  a.start();
  b.start();
  const auto ending = [this](DefaultMQProducer& other) {
    const auto act = [this, &other](const auto&) { meeting_.attend([&] { other.shutdown(); }); };
    return SendCallback{.on_success = act, .on_exception = act};
  };
  a.send(Message("T", "x"), ending(b));
  b.send(Message("T", "x"), ending(a));
  expectMeetingEnds();
}

TEST_F(MutualShutdownTest, ChecksOfTransactions) {
  std::unique_ptr<TransactionMQProducer> a;
  std::unique_ptr<TransactionMQProducer> b;
  const auto make = [&](const std::string& group, std::unique_ptr<TransactionMQProducer>& other) {
    TransactionProducerConfig config;
    config.namesrv_addr = cluster_.nameServer();
    config.producer_group = group;
    config.enable_msg_trace = true;
    auto producer = std::make_unique<TransactionMQProducer>(
        config,
        std::make_shared<CheckingListener>([&] { meeting_.attend([&] { other->shutdown(); }); }));
    producer->start();
    Message message("T", "x");
    producer->send(message);
    return producer;
  };
  a = make("PGa", b);
  b = make("PGb", a);
  ASSERT_TRUE(eventually([&] { return cluster_.broker().clients() >= 2; }));
  cluster_.broker().tellClients(remoting::CheckTransactionState{},
                                encodeStored({.properties = "PGROUP\x01PGa\x02"}));
  cluster_.broker().tellClients(remoting::CheckTransactionState{},
                                encodeStored({.properties = "PGROUP\x01PGb\x02"}));
  expectMeetingEnds();
}

TEST_F(MutualShutdownTest, ListenersOfPushConsumers) {
  cluster_.broker().append("T", 0, "x");
  std::unique_ptr<DefaultMQPushConsumer> a;
  std::unique_ptr<DefaultMQPushConsumer> b;
  const auto make = [&](const std::string& group, std::unique_ptr<DefaultMQPushConsumer>& other) {
    auto config = consumerConfig<PushConsumerConfig>(group);
    config.consume_from_where = ConsumeFromWhere::kFirstOffset;
    config.await_termination_on_shutdown = std::chrono::milliseconds(20);
    auto consumer = std::make_unique<DefaultMQPushConsumer>(config);
    consumer->subscribe("T");
    consumer->registerMessageListener(
        [&](const std::vector<MessageExt>&, ConsumeConcurrentlyContext&) {
          meeting_.attend([&] { other->shutdown(); });
          return ConsumeConcurrentlyStatus::kConsumeSuccess;
        });
    return consumer;
  };
  a = make("CGa", b);
  b = make("CGb", a);
  a->start();
  b->start();
  expectMeetingEnds();
}

TEST_F(MutualShutdownTest, ListenersToQueueChanges) {
  std::unique_ptr<DefaultLitePullConsumer> a;
  std::unique_ptr<DefaultLitePullConsumer> b;
  const auto make = [&](const std::string& group) {
    auto consumer =
        std::make_unique<DefaultLitePullConsumer>(consumerConfig<LitePullConsumerConfig>(group));
    consumer->subscribe("T");
    consumer->start();
    return consumer;
  };
  a = make("CGa");
  b = make("CGb");
  const auto listen = [&](DefaultLitePullConsumer& consumer, DefaultLitePullConsumer& other) {
    consumer.registerTopicMessageQueueChangeListener(
        "T", [&](const std::string&, const std::vector<MessageQueue>&) {
          meeting_.attend([&] { other.shutdown(); });
        });
  };
  listen(*a, *b);
  listen(*b, *a);
  expectMeetingEnds();
}

// Promise: a callback that shuts its producer down does not wait for the others, which are made all
// the same; one that destroys it does wait.
TEST_F(MutualShutdownTest, TheOtherCallbacksAreMadeAfterTheOneThatShutsDown) {
  for (const bool destroys : {false, true}) {
    SCOPED_TRACE(destroys);
    constexpr int kSends = 20;
    auto config = producerConfig("PG");
    config.callback_threads = 1;
    auto producer = std::make_unique<DefaultMQProducer>(config);
    producer->start();
    std::atomic<int> heard{0};
    std::atomic<int> heard_before_it_went_on{-1};
    std::promise<void> all_sent;
    const std::shared_future<void> may_act = all_sent.get_future().share();
    const auto act = [&](const auto&) {
      if (++heard > 1) {
        return;
      }
      may_act.wait();
      if (destroys) {
        producer.reset();
      } else {
        producer->shutdown();
      }
      heard_before_it_went_on = heard.load();
    };
    for (int i = 0; i < kSends; ++i) {
      producer->send(Message("T", "x"), {.on_success = act, .on_exception = act});
    }
    all_sent.set_value();
    EXPECT_TRUE(eventually([&] { return heard_before_it_went_on >= 0 && heard == kSends; }));
    EXPECT_EQ(heard_before_it_went_on, destroys ? kSends : 1);
  }
}

}  // namespace
}  // namespace rocketmq::client

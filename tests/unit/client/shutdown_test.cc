#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <random>
#include <string>
#include <thread>

#include "remoting/protocol/commands/transaction.h"
#include "rocketmq/default_lite_pull_consumer.h"
#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_pull_consumer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/unit/client/checking_listener.h"
#include "tests/unit/client/fake_cluster.h"
#include "tests/unit/client/messages.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

/// What is asked of brokers on the way out takes at most its time limit, here half a second. A busy
/// machine may take longer; what a shutdown must not wait for takes a minute in these tests.
constexpr seconds kShutdownMax{10};
constexpr seconds kMinute{60};

/// How many random states are tried: what the environment variable ROCKETMQ_SHUTDOWN_CYCLES says.
uint32_t cycles(uint32_t otherwise) {
  const char* text = std::getenv("ROCKETMQ_SHUTDOWN_CYCLES");
  return text == nullptr ? otherwise : static_cast<uint32_t>(std::atoi(text));
}

/// Does what `body` does and fails when it takes longer than a shutdown may.
void expectQuick(const std::function<void()>& body) {
  const auto begin = steady_clock::now();
  body();
  EXPECT_LT(steady_clock::now() - begin, kShutdownMax);
}

template <class Config>
Config configFor(const FakeCluster& cluster, const std::string& instance = "DEFAULT") {
  Config config;
  config.namesrv_addr = cluster.nameServer();
  config.instance_name = instance;
  config.api_timeout = milliseconds(500);
  return config;
}

// Promise: a shutdown soon after the start warns of nothing; what it cuts off has not failed.
TEST(ShutdownTest, AHeartbeatThatTheShutdownCutsOffIsNoFailure) {
  FakeCluster cluster;
  cluster.createTopic("T");
  cluster.broker().swallowHeartbeats(true);
  auto config = configFor<ProducerConfig>(cluster);
  config.producer_group = "PG";
  config.api_timeout = kMinute;
  testing::internal::CaptureStderr();
  DefaultMQProducer producer(config);
  producer.start();
  Message message("T", "hello");
  producer.send(message);
  EXPECT_TRUE(eventually([&] { return cluster.broker().lastHeartbeat().has_value(); }));
  producer.shutdown();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(ShutdownTest, WhatWasNeverStartedIsShutDownAtOnce) {
  expectQuick([] {
    DefaultMQProducer producer("PG");
    producer.shutdown();
    DefaultMQPushConsumer push("CG");
    push.shutdown();
    push.shutdown();
    DefaultMQPullConsumer pull("CG");
    DefaultLitePullConsumer lite("CG");
    lite.shutdown();
  });
}

TEST(ShutdownTest, WorksWithoutAnyServer) {
  ProducerConfig config;
  config.namesrv_addr = "127.0.0.1:1";
  config.producer_group = "PG";
  DefaultMQProducer producer(config);
  producer.start();
  PushConsumerConfig consumer_config;
  consumer_config.namesrv_addr = "127.0.0.1:1";
  consumer_config.consumer_group = "CG";
  DefaultMQPushConsumer consumer(consumer_config);
  consumer.subscribe("T");
  consumer.registerMessageListener([](const std::vector<MessageExt>&, ConsumeConcurrentlyContext&) {
    return ConsumeConcurrentlyStatus::kConsumeSuccess;
  });
  consumer.start();
  expectQuick([&] {
    producer.shutdown();
    consumer.shutdown();
  });
}

// Promise: a producer may be shut down at any moment of any send, from any thread, also twice at
// once, and every asynchronous send and request still hears its outcome exactly once.
TEST(ShutdownTest, ProducersInRandomStates) {
  FakeCluster cluster(2);
  cluster.createTopic("T", 2);
  cluster.createTopic("TBW102", 2, 7);
  for (uint32_t seed = 1; seed <= cycles(100); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    cluster.broker(0).swallowSends(random() % 3 == 0);
    cluster.broker(1).replyWith(random() % 2 == 0 ? std::optional("reply") : std::nullopt);
    cluster.broker(1).refuseSends(
        random() % 3 == 0 ? std::optional(remoting::ResponseCode::kSystemBusy) : std::nullopt);
    auto config = configFor<ProducerConfig>(cluster, random() % 2 == 0 ? "shared" : "DEFAULT");
    config.producer_group = "PG" + std::to_string(seed);
    config.send_msg_timeout = kMinute;
    config.async_in_flight_max = 200;
    std::atomic<int> asked{0};
    std::atomic<int> heard{0};
    {
      DefaultMQProducer producer(config);
      producer.start();
      std::atomic<bool> stop{false};
      std::vector<std::thread> senders;
      for (int i = 0; i < 4; ++i) {
        senders.emplace_back([&, i] {
          while (!stop) {
            try {
              Message message(i == 2 ? "New" : "T", "x");
              if (i == 0) {
                producer.send(message);
              } else {
                ++asked;
                try {
                  if (i == 3) {
                    producer.request(message,
                                     {.on_success = [&](const Message&) { ++heard; },
                                      .on_exception = [&](const MQException&) { ++heard; }},
                                     kMinute);
                  } else {
                    producer.send(message, {.on_success = [&](const SendResult&) { ++heard; },
                                            .on_exception = [&](const MQException&) { ++heard; }});
                  }
                } catch (const MQException&) {
                  --asked;
                  throw;
                }
              }
            } catch (const MQException&) {
              // Refused by a broker, or by the producer that is shut down.
            }
          }
        });
      }
      const int warm_up = static_cast<int>(random() % 20);
      eventually([&] { return heard >= warm_up || cluster.broker(0).sends() > 1'000'000; });
      expectQuick([&] {
        std::thread other([&] { producer.shutdown(); });
        producer.shutdown();
        other.join();
      });
      stop = true;
      for (std::thread& sender : senders) {
        sender.join();
      }
    }
    EXPECT_EQ(heard, asked);
    cluster.broker(0).swallowSends(false);
  }
}

// Promise: the same where replies are so large that the event loop is in the middle of one.
TEST(ShutdownTest, ARequestWhoseReplyMeetsTheShutdownHearsOfItOnce) {
  constexpr int kRequests = 8;
  FakeCluster cluster;
  cluster.createTopic("T");
  cluster.broker().replyWith(std::string(1 << 20, 'x'));
  for (uint32_t seed = 1; seed <= cycles(100); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    auto config = configFor<ProducerConfig>(cluster);
    config.producer_group = "PG";
    DefaultMQProducer producer(config);
    producer.start();
    std::atomic<int> heard{0};
    for (int i = 0; i < kRequests; ++i) {
      producer.request(Message("T", "x"),
                       {.on_success = [&](const Message&) { ++heard; },
                        .on_exception = [&](const MQException&) { ++heard; }},
                       kMinute);
    }
    const int warm_up = static_cast<int>(random() % kRequests);
    EXPECT_TRUE(eventually([&] { return heard >= warm_up; }));
    expectQuick([&] { producer.shutdown(); });
    ASSERT_EQ(heard, kRequests);
  }
}

/// What a listener does to its own consumer when it is called first.
enum class LastAct : uint8_t { kNone, kShutdown, kDestroy };

/// A push consumer whose listener may put an end to it.
class MortalConsumer {
 public:
  MortalConsumer(const PushConsumerConfig& config, bool orderly, LastAct act)
      : act_(act), consumer_(std::make_unique<DefaultMQPushConsumer>(config)) {
    consumer_->subscribe("T");
    if (orderly) {
      consumer_->registerMessageListener(
          [this](const std::vector<MessageExt>&, ConsumeOrderlyContext&) {
            return take() ? ConsumeOrderlyStatus::kSuccess
                          : ConsumeOrderlyStatus::kSuspendCurrentQueueAMoment;
          });
    } else {
      consumer_->registerMessageListener(
          [this](const std::vector<MessageExt>&, ConsumeConcurrentlyContext&) {
            return take() ? ConsumeConcurrentlyStatus::kConsumeSuccess
                          : ConsumeConcurrentlyStatus::kReconsumeLater;
          });
    }
  }

  void start() {
    consumer_->start();
    started_.set_value();
  }
  /// Waits until the listener has done its last act, if it has one.
  void awaitLastAct() {
    EXPECT_TRUE(eventually([this] { return act_ == LastAct::kNone || acted_; }));
  }
  uint32_t calls() const { return calls_; }
  /// Null when the listener has destroyed it.
  DefaultMQPushConsumer* get() { return consumer_.get(); }
  void destroy() { consumer_.reset(); }

 private:
  /// Every fourth message is to be consumed again.
  bool take() {
    const uint32_t call = ++calls_;
    if (act_ != LastAct::kNone && call == 1) {
      may_act_.wait();
      if (act_ == LastAct::kDestroy) {
        consumer_.reset();
      } else {
        consumer_->shutdown();
      }
      acted_ = true;  // From here on this object may be gone.
      return false;
    }
    return call % 4 != 0;
  }

  const LastAct act_;
  std::atomic<uint32_t> calls_{0};
  std::promise<void> started_;
  const std::shared_future<void> may_act_ = started_.get_future().share();
  std::atomic<bool> acted_{false};
  std::unique_ptr<DefaultMQPushConsumer> consumer_;
};

// Promise: the same for push consumers, in whatever state rebalance, pulls and listeners are, and
// also when it is a listener that does it.
TEST(ShutdownTest, PushConsumersInRandomStates) {
  FakeCluster cluster(2);
  cluster.createTopic("T", 2);
  for (uint32_t seed = 1; seed <= cycles(100); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    for (size_t broker = 0; broker < 2; ++broker) {
      cluster.broker(broker).refuseSendBacks(random() % 2 == 0);
      for (int i = 0; i < 5; ++i) {
        cluster.broker(broker).append("T", i % 2, "x");
      }
    }
    auto config = configFor<PushConsumerConfig>(cluster, random() % 2 == 0 ? "shared" : "DEFAULT");
    config.consumer_group = "CG" + std::to_string(seed % 7);
    config.consume_from_where = ConsumeFromWhere::kFirstOffset;
    config.consume_thread_max = 3;
    config.persist_consumer_offset_interval = milliseconds(1);
    config.suspend_current_queue_time = milliseconds(10);
    const auto act = static_cast<LastAct>(random() % 3);
    auto consumer = std::make_unique<MortalConsumer>(config, random() % 2 == 0, act);
    consumer->start();
    if (random() % 4 > 0) {
      eventually([&] { return consumer->calls() > 0; });
    }
    if (random() % 2 == 0) {
      cluster.broker(0).tellClients(
          remoting::NotifyConsumerIdsChanged{.consumer_group = config.consumer_group});
    }
    consumer->awaitLastAct();
    expectQuick([&] {
      if (consumer->get() != nullptr && random() % 2 == 0) {
        std::thread other([&] { consumer->get()->shutdown(); });
        consumer->get()->shutdown();
        other.join();
      }
      consumer->destroy();
    });
  }
}

// Promise: shutdown() inside a listener returns soon, after it no other listener is called, and the
// messages of the listener that did it are not lost: its result no longer counts.
TEST(ShutdownTest, AListenerMayShutItsConsumerDownOrDestroyIt) {
  for (const LastAct act : {LastAct::kShutdown, LastAct::kDestroy}) {
    for (const bool orderly : {false, true}) {
      SCOPED_TRACE(std::to_string(static_cast<int>(act)) + (orderly ? " orderly" : ""));
      FakeCluster cluster(1);
      cluster.createTopic("T", 1);
      for (int i = 0; i < 10; ++i) {
        cluster.broker().append("T", 0, "x");
      }
      auto config = configFor<PushConsumerConfig>(cluster);
      config.consumer_group = "CG";
      config.consume_from_where = ConsumeFromWhere::kFirstOffset;
      config.consume_thread_max = 1;
      MortalConsumer consumer(config, orderly, act);
      consumer.start();
      expectQuick([&] { consumer.awaitLastAct(); });
      EXPECT_EQ(consumer.calls(), 1u);
      EXPECT_TRUE(cluster.broker().members("CG").empty());
      EXPECT_EQ(cluster.broker().committed("CG", "T").value_or(0), 0);
      consumer.destroy();
      EXPECT_EQ(consumer.calls(), 1u);
    }
  }
}

TEST(ShutdownTest, AListenerToQueueChangesMayShutItsConsumerDownOrDestroyIt) {
  for (const LastAct act : {LastAct::kShutdown, LastAct::kDestroy}) {
    FakeCluster cluster(1);
    cluster.createTopic("T", 2);
    auto config = configFor<LitePullConsumerConfig>(cluster);
    config.consumer_group = "CG";
    auto consumer = std::make_unique<DefaultLitePullConsumer>(config);
    consumer->subscribe("T");
    consumer->start();
    std::promise<void> registered;
    std::shared_future<void> may_act = registered.get_future().share();
    std::atomic<bool> acted{false};
    consumer->registerTopicMessageQueueChangeListener(
        "T", [&](const std::string&, const std::vector<MessageQueue>&) {
          may_act.wait();
          if (act == LastAct::kDestroy) {
            consumer.reset();
          } else {
            consumer->shutdown();
          }
          acted = true;
        });
    registered.set_value();
    expectQuick([&] { EXPECT_TRUE(eventually([&] { return acted.load(); })); });
    EXPECT_TRUE(cluster.broker().members("CG").empty());
  }
}

TEST(ShutdownTest, PullConsumersInRandomStates) {
  FakeCluster cluster(1);
  cluster.createTopic("T", 2);
  for (uint32_t seed = 1; seed <= cycles(50); ++seed) {
    SCOPED_TRACE(seed);
    auto config = configFor<LitePullConsumerConfig>(cluster);
    config.consumer_group = "CG";
    config.consume_from_where = ConsumeFromWhere::kFirstOffset;
    cluster.broker().append("T", static_cast<int32_t>(seed % 2), "x");
    DefaultLitePullConsumer lite(config);
    lite.subscribe("T");
    lite.start();
    auto pull_config = configFor<PullConsumerConfig>(cluster);
    pull_config.consumer_group = "CG_pull";
    DefaultMQPullConsumer pull(pull_config);
    pull.start();
    const auto untilItThrows = [](const std::function<void()>& use) {
      try {
        for (;;) {
          use();
        }
      } catch (const MQException&) {
      }
    };
    std::thread polling(untilItThrows,
                        [&] { lite.poll(milliseconds(seed % 3 == 0 ? 60'000 : 1)); });
    std::thread pulling(untilItThrows, [&] {
      pull.pullBlockIfNotFound({"T", "b0", 0}, "*", seed % 3 == 0 ? seed : 0, 32);
      pull.updateConsumeOffset({"T", "b0", 0}, seed);
    });
    if (seed % 2 == 0) {
      eventually([&] { return cluster.broker().pulls("T") > 0; });
    }
    expectQuick([&] { lite.shutdown(); });
    expectQuick([&] { pull.shutdown(); });
    polling.join();
    pulling.join();
  }
}

TEST(ShutdownTest, ACallbackMayShutItsProducerDownAndDestroyIt) {
  FakeCluster cluster(1);
  cluster.createTopic("T", 1);
  for (int i = 0; i < 50; ++i) {
    auto config = configFor<ProducerConfig>(cluster);
    config.producer_group = "PG";
    auto producer = std::make_unique<DefaultMQProducer>(config);
    producer->start();
    std::promise<std::string> gone;
    const SendCallback last_wish{
        .on_success =
            [&](const SendResult&) {
              producer.reset();
              gone.set_value("sent");
            },
        .on_exception = [&](const MQException& error) { gone.set_value(error.what()); }};
    producer->send(Message("T", "x"), last_wish);
    ASSERT_EQ(gone.get_future().get(), "sent");
    EXPECT_EQ(producer, nullptr);
  }
}

TEST(ShutdownTest, ATransactionCheckMayDestroyItsProducer) {
  FakeCluster cluster(1);
  cluster.createTopic("T", 1);
  auto config = configFor<TransactionProducerConfig>(cluster);
  config.producer_group = "PG";
  std::atomic<bool> destroyed{false};
  std::unique_ptr<TransactionMQProducer> producer;
  producer =
      std::make_unique<TransactionMQProducer>(config, std::make_shared<CheckingListener>([&] {
                                                producer.reset();
                                                destroyed = true;
                                              }));
  producer->start();
  Message message("T", "x");
  producer->send(message);
  ASSERT_TRUE(eventually([&] { return cluster.broker().lastHeartbeat().has_value(); }));
  cluster.broker().tellClients(remoting::CheckTransactionState{},
                               encodeStored({.properties = "PGROUP\x01PG\x02"}));
  EXPECT_TRUE(eventually([&] { return destroyed.load(); }));
}

TEST(ShutdownTest, ReturnsWhileAListenerIsStuckAndTheDestructorWaitsForIt) {
  FakeCluster cluster(1);
  cluster.createTopic("T", 1);
  cluster.broker().append("T", 0, "x");
  auto config = configFor<PushConsumerConfig>(cluster);
  config.consumer_group = "CG";
  config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  config.await_termination_on_shutdown = milliseconds(20);
  std::promise<void> entered;
  std::promise<void> go_on;
  std::atomic<bool> returned{false};
  auto consumer = std::make_unique<DefaultMQPushConsumer>(config);
  consumer->subscribe("T");
  consumer->registerMessageListener(
      [&](const std::vector<MessageExt>&, ConsumeConcurrentlyContext&) {
        entered.set_value();
        go_on.get_future().wait();
        returned = true;
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  consumer->start();
  entered.get_future().wait();
  expectQuick([&] { consumer->shutdown(); });
  EXPECT_FALSE(returned);
  std::thread destroying([&] {
    consumer.reset();
    EXPECT_TRUE(returned);
  });
  go_on.set_value();
  destroying.join();
  EXPECT_NE(cluster.broker().committed("CG", "T"), 1)
      << "what a late listener returns has no effect";
}

TEST(ShutdownTest, BrokersThatDisappearHoldNobodyUp) {
  auto cluster = std::make_unique<FakeCluster>(2);
  cluster->createTopic("T", 2);
  auto config = configFor<PushConsumerConfig>(*cluster);
  config.consumer_group = "CG";
  DefaultMQPushConsumer consumer(config);
  consumer.subscribe("T");
  consumer.registerMessageListener([](const std::vector<MessageExt>&, ConsumeConcurrentlyContext&) {
    return ConsumeConcurrentlyStatus::kConsumeSuccess;
  });
  consumer.start();
  auto producer_config = configFor<ProducerConfig>(*cluster);
  producer_config.producer_group = "PG";
  DefaultMQProducer producer(producer_config);
  producer.start();
  Message message("T", "x");
  producer.send(message);
  cluster.reset();
  expectQuick([&] { consumer.shutdown(); });
  expectQuick([&] { producer.shutdown(); });
}

}  // namespace
}  // namespace rocketmq::client

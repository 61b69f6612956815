#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <random>
#include <thread>

#include "rocketmq/default_lite_pull_consumer.h"
#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_pull_consumer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/support/sanitizers.h"
#include "tests/unit/client/fake_cluster.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

/// What is asked of brokers on the way out takes at most its time limit, here half a second.
constexpr milliseconds kShutdownMax{rocketmq::test::kIsSanitized ? 10'000 : 1500};

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
// once, and every asynchronous send still hears its outcome exactly once.
TEST(ShutdownTest, ProducersInRandomStates) {
  FakeCluster cluster(2);
  cluster.createTopic("T", 2);
  cluster.createTopic("TBW102", 2, 7);
  for (uint32_t seed = 1; seed <= cycles(100); ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    cluster.broker(0).swallowSends(random() % 3 == 0);
    cluster.broker(1).refuseSends(
        random() % 3 == 0 ? std::optional(remoting::ResponseCode::kSystemBusy) : std::nullopt);
    auto config = configFor<ProducerConfig>(cluster, random() % 2 == 0 ? "shared" : "DEFAULT");
    config.producer_group = "PG" + std::to_string(seed);
    std::atomic<int> asked{0};
    std::atomic<int> heard{0};
    {
      DefaultMQProducer producer(config);
      producer.start();
      std::atomic<bool> stop{false};
      std::vector<std::thread> senders;
      for (int i = 0; i < 3; ++i) {
        senders.emplace_back([&, i] {
          while (!stop) {
            try {
              Message message(i == 2 ? "New" : "T", "x");
              if (i == 0) {
                producer.send(message);
              } else {
                ++asked;
                try {
                  producer.send(message, {.on_success = [&](const SendResult&) { ++heard; },
                                          .on_exception = [&](const MQException&) { ++heard; }});
                } catch (const MQException&) {
                  --asked;
                  throw;
                }
              }
            } catch (const MQException&) {
              if (random.max() == 0) {
                return;
              }
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

template <class Answer>
Answer randomAnswer(uint32_t number, Answer good, Answer bad) {
  return number % 4 == 0 ? bad : good;
}

// Promise: the same for push consumers, in whatever state rebalance, pulls and listeners are.
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
    std::atomic<uint32_t> calls{0};
    auto consumer = std::make_unique<DefaultMQPushConsumer>(config);
    consumer->subscribe("T");
    if (random() % 2 == 0) {
      consumer->registerMessageListener(
          [&](const std::vector<MessageExt>&, ConsumeConcurrentlyContext&) {
            return randomAnswer(++calls, ConsumeConcurrentlyStatus::kConsumeSuccess,
                                ConsumeConcurrentlyStatus::kReconsumeLater);
          });
    } else {
      consumer->registerMessageListener(
          [&](const std::vector<MessageExt>&, ConsumeOrderlyContext&) {
            return randomAnswer(++calls, ConsumeOrderlyStatus::kSuccess,
                                ConsumeOrderlyStatus::kSuspendCurrentQueueAMoment);
          });
    }
    consumer->start();
    const uint32_t warm_up = random() % 4;
    if (warm_up > 0) {
      eventually([&] { return calls >= std::min(warm_up, 1u); });
    }
    if (random() % 2 == 0) {
      cluster.broker(0).tellClients(
          remoting::NotifyConsumerIdsChanged{.consumer_group = config.consumer_group});
    }
    expectQuick([&] {
      if (random() % 2 == 0) {
        std::thread other([&] { consumer->shutdown(); });
        consumer->shutdown();
        other.join();
      }
      consumer.reset();
    });
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
    std::thread polling([&] {
      try {
        for (;;) {
          lite.poll(milliseconds(seed % 3 == 0 ? 60'000 : 1));
        }
      } catch (const MQException&) {
      }
    });
    if (seed % 2 == 0) {
      eventually([&] { return cluster.broker().pulls("T") > 0; });
    }
    expectQuick([&] { lite.shutdown(); });
    polling.join();
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
    std::promise<void> gone;
    const SendCallback last_wish{.on_success =
                                     [&](const SendResult&) {
                                       producer.reset();
                                       gone.set_value();
                                     },
                                 .on_exception = [&](const MQException&) { gone.set_value(); }};
    producer->send(Message("T", "x"), last_wish);
    gone.get_future().wait();
  }
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

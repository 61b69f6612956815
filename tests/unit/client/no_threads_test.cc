// What clients do when the system has no thread left for them.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "client/instance/worker_pool.h"
#include "client/trace/trace_dispatcher.h"
#include "rocketmq/default_lite_pull_consumer.h"
#include "rocketmq/default_mq_pull_consumer.h"
#include "tests/support/eventually.h"
#include "tests/support/no_more_threads.h"
#include "tests/unit/client/producer_fixture.h"
#include "tests/unit/client/push_consumer_fixture.h"

namespace rocketmq::client {
namespace {

TEST(WorkerPoolWithoutThreadsTest, TheThreadsThatAreThereDoTheWorkUntilMoreCanBeStarted) {
  std::atomic<int> ran{0};
  std::atomic<bool> go_on{false};
  WorkerPool pool("test", 3);
  {
    const test::NoMoreThreads refused;
    for (int i = 0; i < 50; ++i) {
      ASSERT_TRUE(pool.post([&] { ++ran; }));
    }
    ASSERT_TRUE(test::eventually([&] { return ran == 50; }));
    EXPECT_EQ(pool.threads(), 1u);
  }
  // Long tasks get all threads as soon as there are some.
  EXPECT_TRUE(test::eventually([&] {
    pool.post([&] { go_on.wait(false); });
    return pool.threads() == 3;
  }));
  go_on = true;
  go_on.notify_all();
  EXPECT_TRUE(pool.stop(true, std::chrono::steady_clock::time_point::max()));
}

/// Starts something of each kind without threads, and again with them.
class StartWithoutThreadsTest : public PushConsumerTest {
 protected:
  template <class Client>
  void expectRefusedOnce(Client& client) {
    try {
      const test::NoMoreThreads refused;
      client.start();
      FAIL() << "started";
    } catch (const MQClientException& failure) {
      EXPECT_NE(std::string(failure.what()).find("no more threads"), std::string::npos)
          << failure.what();
    }
    client.start();
    client.shutdown();
  }

  void expectAllRefusedOnce() {
    expectRefusedOnce(*consumer(config()));
    expectRefusedOnce(*orderly(config()));
    DefaultMQProducer producer(configFor(cluster_));
    expectRefusedOnce(producer);
    LitePullConsumerConfig lite_config;
    lite_config.namesrv_addr = cluster_.nameServer();
    lite_config.consumer_group = "CG";
    DefaultLitePullConsumer lite(lite_config);
    lite.subscribe("T");
    expectRefusedOnce(lite);
    PullConsumerConfig pull_config;
    pull_config.namesrv_addr = cluster_.nameServer();
    pull_config.consumer_group = "CG";
    DefaultMQPullConsumer pull(pull_config);
    expectRefusedOnce(pull);
  }
};

TEST_F(StartWithoutThreadsTest, StartSaysThatThereIsNoThreadForTheEventLoop) {
  expectAllRefusedOnce();
}

TEST_F(StartWithoutThreadsTest, StartSaysThatThereIsNoThreadForTheWork) {
  ProducerConfig config = configFor(cluster_);
  config.producer_group = "other";
  DefaultMQProducer keeps_event_loop(config);
  keeps_event_loop.start();
  expectAllRefusedOnce();
}

TEST_F(StartWithoutThreadsTest, AClientWithoutThreadsForItsTracesWorks) {
  test::NoMoreThreads refused;
  EXPECT_EQ(TraceDispatcher::create(
                [] {
                  ClientConfig config;
                  config.enable_msg_trace = true;
                  return config;
                }(),
                "id", "G", TraceDispatcher::Kind::kProduce),
            nullptr);
}

}  // namespace
}  // namespace rocketmq::client

// The page of metrics as Prometheus gets it: real daemons, real HTTP.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "rocketmq/transaction_mq_producer.h"
#include "tests/support/daemon.h"
#include "tests/support/eventually.h"
#include "tests/support/raw_socket.h"
#include "tests/support/slave.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::chrono::seconds kPatience{60};

class MetricsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TempDir>();
    port_ = freePort();
    cluster_ = std::make_unique<Cluster>(folder_->path().string(),
                                         Cluster::Settings{{"metricsPort", std::to_string(port_)},
                                                           {"metricsBindAddress", "127.0.0.1"}});
    cluster_->start();
  }
  static void TearDownTestSuite() {
    cluster_.reset();
    folder_.reset();
  }

  /// What the server says to `request`, to its last byte.
  static std::string ask(const std::string& request) {
    RawSocket socket = RawSocket::connectTo(port_);
    EXPECT_TRUE(socket.write(request));
    return socket.readToEnd().value_or("no answer in time");
  }
  static std::string page() { return ask("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"); }

  static std::unique_ptr<TempDir> folder_;
  static std::unique_ptr<Cluster> cluster_;
  static uint16_t port_;
};

std::unique_ptr<TempDir> MetricsTest::folder_;
std::unique_ptr<Cluster> MetricsTest::cluster_;
uint16_t MetricsTest::port_;

TEST_F(MetricsTest, AMessageIsCountedOnItsWayInAndOut) {
  cluster_->createTopic("Metered", 1);
  ProducerConfig producer_config;
  producer_config.namesrv_addr = cluster_->namesrvAddr();
  producer_config.producer_group = "metered_producer";
  DefaultMQProducer producer(producer_config);
  producer.start();
  for (int i = 0; i < 3; ++i) {
    Message message("Metered", "", "body");
    producer.send(message);
  }
  EXPECT_THAT(page(), HasSubstr("rocketmq_messages_in_total{cluster=\"DefaultCluster\",node_type="
                                "\"broker\",node_id=\"broker-a\",topic=\"Metered\","
                                "message_type=\"normal\",is_system=\"false\"} 3\n"))
      << "a page lives for a second, and nobody has asked before";

  std::atomic<int> got{0};
  PushConsumerConfig consumer_config;
  consumer_config.namesrv_addr = cluster_->namesrvAddr();
  consumer_config.consumer_group = "metered_group";
  consumer_config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  DefaultMQPushConsumer consumer(consumer_config);
  consumer.subscribe("Metered", "*");
  consumer.registerMessageListener(
      [&](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
        got += static_cast<int>(messages.size());
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  consumer.start();
  ASSERT_TRUE(eventually([&] { return got == 3; }, kPatience));
  EXPECT_TRUE(eventually(
      [] {
        const std::string text = page();
        return text.find(
                   "topic=\"Metered\",consumer_group=\"metered_group\",is_retry=\"false\","
                   "is_system=\"false\"} 3\n") != std::string::npos &&
               text.find(
                   "rocketmq_consumer_lag_messages{cluster=\"DefaultCluster\",node_type="
                   "\"broker\",node_id=\"broker-a\",consumer_group=\"metered_group\","
                   "topic=\"Metered\",is_retry=\"false\",is_system=\"false\"} 0\n") !=
                   std::string::npos;
      },
      kPatience))
      << page();

  // A sample is taken every ten seconds.
  EXPECT_TRUE(eventually(
      [] {
        const Cluster::Outcome stats = cluster_->admin({"statsAll", "-t", "Metered", "-a"});
        return stats.output.find("metered_group") != std::string::npos &&
               stats.output.find(" 3              3\n") != std::string::npos;
      },
      kPatience))
      << cluster_->admin({"statsAll"}).output;
  EXPECT_THAT(cluster_->admin({"brokerConsumeStats", "-b", cluster_->brokerAddr()}).output,
              HasSubstr("Diff Total: "));
}

TEST_F(MetricsTest, WhatWaitsIsCounted) {
  class Undecided final : public TransactionListener {
   public:
    LocalTransactionState executeLocalTransaction(const Message&, const std::any&) override {
      return LocalTransactionState::kUnknow;
    }
    LocalTransactionState checkLocalTransaction(const MessageExt&) override {
      return LocalTransactionState::kUnknow;
    }
  };
  cluster_->createTopic("Waiting", 1);
  TransactionProducerConfig config;
  config.namesrv_addr = cluster_->namesrvAddr();
  config.producer_group = "waiting_producer";
  TransactionMQProducer producer(config, std::make_shared<Undecided>());
  producer.start();
  Message half("Waiting", "half");
  producer.sendMessageInTransaction(half, {});
  Message later("Waiting", "later");
  later.setDelayTimeSec(3600);
  producer.send(later);
  for (const std::string expected :
       {"rocketmq_half_messages{cluster=\"DefaultCluster\",node_type=\"broker\",node_id="
        "\"broker-a\"} 1\n",
        "rocketmq_timing_messages{cluster=\"DefaultCluster\",node_type=\"broker\",node_id="
        "\"broker-a\",topic=\"Waiting\"} 1\n",
        "rocketmq_timer_enqueue_total{cluster=\"DefaultCluster\",node_type=\"broker\",node_id="
        "\"broker-a\",topic=\"Waiting\"} 1\n",
        "rocketmq_rpc_latency_bucket{cluster=\"DefaultCluster\",node_type=\"broker\",node_id="
        "\"broker-a\",protocol_type=\"remoting\",request_code=\"update_and_create_topic\","
        "response_code=\"success\",is_long_polling=\"false\",result=\"success\",le=\"3000\"} "}) {
    EXPECT_TRUE(eventually([&] { return page().find(expected) != std::string::npos; }, kPatience))
        << expected;
  }
}

// Promise: how far a slave is behind can be seen in bytes and in messages, on the page and by
// mqadmin haStatus.
TEST_F(MetricsTest, SlaveThatStandsStillLagsInBytesAndMessages) {
  cluster_->createTopic("Lagging", 1);
  const TempDir slave_folder;
  Slave slave(*cluster_, slave_folder.path().string());
  slave.start();
  ASSERT_TRUE(eventually([&] { return slave.hasCaughtUp(); }, kPatience));
  ASSERT_EQ(::kill(slave.broker().pid(), SIGSTOP), 0);

  ProducerConfig config;
  config.namesrv_addr = cluster_->namesrvAddr();
  config.producer_group = "lagging_producer";
  DefaultMQProducer producer(config);
  producer.start();
  for (int i = 0; i < 3; ++i) {
    Message message("Lagging", "", std::string(1000, 'x'));
    producer.send(message);
  }
  const auto value = [](const std::string& metric) {
    const std::string text = page();
    const size_t line = text.find("\n" + metric + "{");
    const size_t at = text.find("} ", line);
    return line == std::string::npos ? -1 : std::stoi(text.substr(at + 2));
  };
  EXPECT_TRUE(eventually([&] { return value("rocketmq_ha_slave_lag_messages") == 3; }, kPatience))
      << page();
  // The same series after every reconnection.
  EXPECT_THAT(page(), HasSubstr("slave=\"127.0.0.1\""));
  const int bytes = value("rocketmq_ha_slave_lag_bytes");
  EXPECT_TRUE(bytes > 3000 && bytes < 6000) << bytes;
  const std::string status = cluster_->admin({"haStatus", "-b", cluster_->brokerAddr()}).output;
  EXPECT_THAT(status, ContainsRegex(" " + std::to_string(bytes) + " +3 ")) << status;
  slave.kill();
}

TEST_F(MetricsTest, PromtoolAcceptsThePage) {
  const std::string text = page();
  ASSERT_THAT(text, StartsWith("HTTP/1.1 200 OK\r\n"));
  const std::string file = folder_->path().string() + "/page";
  std::ofstream(file) << text.substr(text.find("\r\n\r\n") + 4);
  const Cluster::Outcome checked =
      runProgram("/bin/sh", {"-c", "promtool check metrics <" + file + " 2>&1"});
  // It also gives advice on style (3) about names that are RocketMQ's, so only what it cannot
  // parse counts (1).
  EXPECT_TRUE(checked.status == 0 || checked.status == 3) << checked.output;
}

TEST_F(MetricsTest, NonsenseIsAnsweredAndDoesNotStick) {
  EXPECT_THAT(ask("GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(ask("POST /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(ask("\r\n\r\n"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(ask("GET /metrics?" + std::string(9000, 'x')), StartsWith("HTTP/1.1 431 "));
  std::vector<RawSocket> idle;
  for (int i = 0; i < 40; ++i) {
    idle.push_back(RawSocket::connectTo(port_));
  }
  EXPECT_TRUE(idle.front().closedByPeer()) << "of more than 32 the oldest is closed";
  EXPECT_THAT(page(), StartsWith("HTTP/1.1 200 ")) << "nobody is kept out";
  idle.clear();
  EXPECT_TRUE(eventually([] { return page().starts_with("HTTP/1.1 200 "); }, kPatience));
}

}  // namespace
}  // namespace rocketmq::test

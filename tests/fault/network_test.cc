// What a bad network does to clients: a proxy between them and real daemons delays, cuts and
// swallows. Promise: a call ends within its limit, nothing acknowledged is lost, and clients are
// back soon after the network is.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_push_consumer.h"
#include "tests/support/daemon.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr const char* kTopic = "Network";
constexpr const char* kBrokerFace = "127.0.0.2";  // Where clients are told that the broker is.

class NetworkTest : public ::testing::Test {
 protected:
  NetworkTest()
      : cluster_(folder_.path().string(),
                 {{"brokerIP1", kBrokerFace}, {"bindAddress", "127.0.0.1"}}),
        broker_proxy_(cluster_.brokerPort(), kBrokerFace, cluster_.brokerPort()),
        namesrv_proxy_(cluster_.namesrvPort()) {}

  void SetUp() override {
    cluster_.start();
    cluster_.createTopic(kTopic);
  }

  template <class Config>
  Config common() const {
    Config config;
    config.namesrv_addr = namesrv_proxy_.address();
    config.heartbeat_broker_interval = milliseconds(500);
    config.poll_name_server_interval = milliseconds(500);
    config.api_timeout = milliseconds(2500);
    return config;
  }

  void startProducer(milliseconds timeout = seconds(3)) {
    auto config = common<ProducerConfig>();
    config.producer_group = "network_producer";
    config.send_msg_timeout = timeout;
    producer_ = std::make_unique<DefaultMQProducer>(config);
    producer_->start();
  }

  void startConsumer() {
    auto config = common<PushConsumerConfig>();
    config.consumer_group = "network_group";
    config.consume_from_where = ConsumeFromWhere::kFirstOffset;
    consumer_ = std::make_unique<DefaultMQPushConsumer>(config);
    consumer_->subscribe(kTopic);
    consumer_->registerMessageListener(
        [this](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
          std::lock_guard lock(mutex_);
          for (const MessageExt& message : messages) {
            received_.insert(message.body());
          }
          return ConsumeConcurrentlyStatus::kConsumeSuccess;
        });
    consumer_->start();
  }

  /// Sends until it was acknowledged.
  void sendSurely(const std::string& body) {
    ASSERT_TRUE(eventually([&] {
      try {
        Message message(kTopic, body);
        producer_->send(message);
        return true;
      } catch (const MQException&) {
        return false;
      }
    })) << body;
  }

  bool arrives(const std::string& body) {
    return eventually([&] { return has(body); });
  }

  bool has(const std::string& body) const {
    std::lock_guard lock(mutex_);
    return received_.contains(body);
  }

  /// A send must fail, and not later than its time-out and a little.
  void expectTimelyFailure(milliseconds timeout) {
    const auto begin = steady_clock::now();
    Message message(kTopic, "into the void");
    EXPECT_THROW(producer_->send(message, timeout), RemotingException);
    EXPECT_LT(steady_clock::now() - begin, timeout + milliseconds(500));
  }

  TempDir folder_;
  Cluster cluster_;
  FaultProxy broker_proxy_;
  FaultProxy namesrv_proxy_;
  mutable std::mutex mutex_;
  std::set<std::string> received_;
  std::unique_ptr<DefaultMQProducer> producer_;
  std::unique_ptr<DefaultMQPushConsumer> consumer_;  // Ends before what its listener uses.
};

TEST_F(NetworkTest, SlowAnswersAreWaitedForUpToTheLimit) {
  startProducer();
  startConsumer();
  sendSurely("first");
  broker_proxy_.delay(milliseconds(100));
  Message message(kTopic, "slow");
  const auto begin = steady_clock::now();
  EXPECT_EQ(producer_->send(message).status, SendStatus::kSendOk);
  EXPECT_GE(steady_clock::now() - begin, milliseconds(200)) << "both ways are slow";
  EXPECT_TRUE(arrives("slow"));
  expectTimelyFailure(milliseconds(50));
}

TEST_F(NetworkTest, ABlackHoleEndsCallsInTimeAndIsRecoveredFrom) {
  startProducer();
  startConsumer();
  sendSurely("before");
  ASSERT_TRUE(arrives("before"));
  broker_proxy_.blackHole();
  expectTimelyFailure(milliseconds(300));
  std::atomic<int> failed{0};
  producer_->send(Message(kTopic, "async into the void"),
                  {.on_success = nullptr, .on_exception = [&](const MQException&) { ++failed; }});
  EXPECT_TRUE(eventually([&] { return failed == 1; }, seconds(4)));
  broker_proxy_.pass();
  sendSurely("after");
  EXPECT_TRUE(arrives("after"));
}

// A cable that is cut and mended looks like this when the other side has restarted meanwhile: our
// side of the connection stays up and swallows everything.
TEST_F(NetworkTest, AHalfOpenConnectionIsNoticedAndReplaced) {
  startProducer();
  startConsumer();
  sendSurely("before");
  ASSERT_TRUE(arrives("before"));
  broker_proxy_.halfOpen();
  expectTimelyFailure(seconds(2));
  sendSurely("after");
  // The consumer's pulls may be held for half a minute; its heartbeats notice.
  EXPECT_TRUE(eventually([&] { return has("after"); }, seconds(8)));
}

TEST_F(NetworkTest, FramesThatAreCutInTheMiddleLoseNothing) {
  startProducer();
  startConsumer();
  constexpr int kMessages = 400;
  for (int i = 0; i < kMessages; ++i) {
    if (i % 20 == 5) {
      broker_proxy_.cutAnswers(1);
    } else if (i % 20 == 15) {
      broker_proxy_.cutRequests(1);
    }
    sendSurely("message " + std::to_string(i));
  }
  EXPECT_GE(broker_proxy_.cuts(), 20);
  for (int i = 0; i < kMessages; ++i) {
    EXPECT_TRUE(arrives("message " + std::to_string(i))) << i;
  }
}

TEST_F(NetworkTest, ANameServerThatSwallowsRequestsHoldsUpOnlyWhoNeedsARoute) {
  startProducer();
  startConsumer();
  sendSurely("before");
  namesrv_proxy_.blackHole();
  const auto begin = steady_clock::now();
  Message unknown("NeverHeardOf", "x");
  EXPECT_THROW(producer_->send(unknown, milliseconds(400)), MQException);
  EXPECT_LT(steady_clock::now() - begin, milliseconds(900));
  Message message(kTopic, "known route");
  EXPECT_EQ(producer_->send(message, milliseconds(400)).status, SendStatus::kSendOk);
  EXPECT_TRUE(arrives("known route"));
  namesrv_proxy_.pass();
  cluster_.createTopic("NewTopic");
  EXPECT_TRUE(eventually([&] {
    try {
      Message late("NewTopic", "x");
      return producer_->send(late).status == SendStatus::kSendOk;
    } catch (const MQException&) {
      return false;
    }
  }));
}

TEST_F(NetworkTest, ClientsComeBackAfterABrokerRestart) {
  startProducer();
  startConsumer();
  sendSurely("before");
  ASSERT_TRUE(arrives("before"));
  for (int round = 0; round < 2; ++round) {
    round == 0 ? cluster_.stopBroker() : cluster_.killBroker();
    expectTimelyFailure(milliseconds(300));
    cluster_.startBroker();
    const std::string body = "after " + std::to_string(round);
    sendSurely(body);
    EXPECT_TRUE(arrives(body));
  }
}

// Promise: clients go on with the routes they know while every name server is gone. One second of
// many refused refreshes stands for the minute of a real outage; ROCKETMQ_OUTAGE_SECONDS makes it
// longer.
TEST_F(NetworkTest, ClientsGoOnWithKnownRoutesWithoutAnyNameServer) {
  FaultProxy second(cluster_.namesrvPort());
  auto config = common<ProducerConfig>();
  config.namesrv_addr = namesrv_proxy_.address() + ";" + second.address();
  config.poll_name_server_interval = milliseconds(20);
  config.producer_group = "network_producer";
  producer_ = std::make_unique<DefaultMQProducer>(config);
  producer_->start();
  startConsumer();
  sendSurely("before");
  cluster_.stopNamesrv();
  const int asked = namesrv_proxy_.connections();
  const char* outage = std::getenv("ROCKETMQ_OUTAGE_SECONDS");
  const auto end = steady_clock::now() + seconds(outage == nullptr ? 1 : std::atoi(outage));
  int sent = 0;
  while (steady_clock::now() < end) {
    Message message(kTopic, "dark " + std::to_string(sent));
    ASSERT_EQ(producer_->send(message).status, SendStatus::kSendOk);
    ASSERT_TRUE(arrives("dark " + std::to_string(sent++)));
  }
  EXPECT_GT(namesrv_proxy_.connections(), asked) << "nobody has missed the name servers";
  cluster_.startNamesrv();
  cluster_.createTopic("AfterTheDark");
  EXPECT_TRUE(eventually([&] {
    try {
      return producer_->fetchPublishMessageQueues("AfterTheDark").size() == 4;
    } catch (const MQException&) {
      return false;
    }
  }));
  sendSurely("after");
  EXPECT_TRUE(arrives("after"));
}

}  // namespace
}  // namespace rocketmq::test

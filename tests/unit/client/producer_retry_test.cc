#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <optional>
#include <thread>

#include "tests/unit/client/producer_fixture.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int32_t kWithoutEnd = std::numeric_limits<int32_t>::max();

/// A producer that tries until its time is over.
class ProducerRetryTest : public ProducerTest {
 protected:
  void startTireless(milliseconds timeout, milliseconds route_age_max) {
    start(2, [=](ProducerConfig& config) {
      config.retry_times_when_send_failed = kWithoutEnd;
      config.retry_times_when_send_async_failed = kWithoutEnd;
      config.send_msg_timeout = timeout;
      config.poll_name_server_interval = route_age_max;
    });
  }
};

/// How many tries a failure says were made.
int64_t triesIn(const std::string& text) {
  const size_t at = text.find("Send [");
  return at == std::string::npos ? 1 : std::stoll(text.substr(at + 6));
}

// Promise: a send whose brokers have no master ends at its time-out, with few tries: each of them
// takes no time of its own.
TEST_F(ProducerRetryTest, ASendWithoutEndToALostMasterEndsWithItsTime) {
  startTireless(milliseconds(300), seconds(60));
  cluster_->loseMasters("T", true);
  const auto began = steady_clock::now();
  for (const bool waits : {true, false}) {
    SCOPED_TRACE(waits);
    try {
      if (waits) {
        send();
      } else {
        Heard heard;
        producer_->send(Message("T", "x"), heard.callback());
        heard.get();
      }
      ADD_FAILURE() << "nobody can have stored it";
    } catch (const MQException& failure) {
      EXPECT_THAT(failure.what(), testing::HasSubstr("has no master"));
      EXPECT_GT(triesIn(failure.what()), 3);
      EXPECT_LT(triesIn(failure.what()), 50);
    }
  }
  EXPECT_GE(steady_clock::now() - began, milliseconds(400));
}

// Promise: who tries on takes the newest route and so finds the master that has come back.
TEST_F(ProducerRetryTest, ASendFindsTheMasterThatComesBack) {
  startTireless(seconds(10), milliseconds(20));
  send();
  for (size_t broker = 0; broker < 2; ++broker) {
    cluster_->broker(broker).refuseSends(remoting::ResponseCode::kSystemError);
  }
  std::optional<SendResult> result;
  std::thread sender([&] { EXPECT_NO_THROW(result = send()); });
  const auto passRoutes = [&] {
    const int64_t before = cluster_->routeRequests();
    EXPECT_TRUE(eventually([&] { return cluster_->routeRequests() >= before + 3; }));
  };
  EXPECT_TRUE(eventually([&] { return cluster_->broker(0).sends() > 3; }));
  cluster_->loseMasters("T");
  passRoutes();
  const int64_t sends = cluster_->broker(0).sends();
  passRoutes();
  EXPECT_LE(cluster_->broker(0).sends(), sends + 1) << "it is no master any more";
  for (size_t broker = 0; broker < 2; ++broker) {
    cluster_->broker(broker).refuseSends(std::nullopt);
  }
  cluster_->createTopic("T", 2);
  sender.join();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->status, SendStatus::kSendOk);
}

// Promise: a broker that joins the topic while a send is being tried gets it.
TEST_F(ProducerRetryTest, ASendThatIsTriedAgainGoesToABrokerThatIsNew) {
  startTireless(seconds(10), milliseconds(20));
  cluster_->createTopicAt(cluster_->broker(0), "T");
  cluster_->broker(0).refuseSends(remoting::ResponseCode::kSystemError);
  std::optional<SendResult> result;
  std::thread sender([&] { EXPECT_NO_THROW(result = send()); });
  EXPECT_TRUE(eventually([&] { return cluster_->broker(0).sends() > 3; }));
  cluster_->createTopic("T", 2);
  sender.join();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->message_queue.broker_name, "b1");
}

}  // namespace
}  // namespace rocketmq::client

// request(): its time is one for everything, and its errors say how far it came.

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>

#include "tests/unit/client/producer_fixture.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class RequestTest : public ProducerTest {
 protected:
  /// What a request that nobody answers throws.
  template <class Exception>
  std::string failure(milliseconds timeout) {
    Message question("T", "anybody?");
    try {
      producer_->request(question, timeout);
    } catch (const Exception& expected) {
      return expected.what();
    }
    ADD_FAILURE() << "answered";
    return {};
  }
};

TEST_F(RequestTest, ATakenRequestWithoutReplyNamesTheTimeThatWasGiven) {
  start();
  EXPECT_EQ(failure<RequestTimeoutException>(milliseconds(200)),
            "send request message to <T> OK, but wait reply message timeout, 200 ms.");
}

// Promise: what no broker has taken is not said to be sent.
TEST_F(RequestTest, ARequestThatNoBrokerConfirmsIsNoRequestWithoutReply) {
  start();
  cluster_->broker().swallowSends(true);
  EXPECT_EQ(failure<RemotingTimeoutException>(milliseconds(200)).find("> OK"), std::string::npos);
}

TEST_F(RequestTest, ARequestThatFindsNoRouteInTimeIsNoRequestWithoutReply) {
  start();
  cluster_->swallowRoutes(true);
  EXPECT_EQ(failure<RemotingTimeoutException>(milliseconds(200)).find("> OK"), std::string::npos);
}

// Promise: the timeout of an asynchronous request counts from the call, of which the wait for a
// route is a part.
TEST_F(RequestTest, TheTimeoutOfAnAsynchronousRequestBoundsWhatComesBeforeTheSendToo) {
  start();
  cluster_->swallowRoutes(true);
  std::promise<void> heard;
  constexpr milliseconds kTimeout{1000};
  const auto begin = steady_clock::now();
  producer_->request(
      Message("T", "anybody?"),
      {.on_success = nullptr, .on_exception = [&](const MQException&) { heard.set_value(); }},
      kTimeout);
  heard.get_future().wait();
  EXPECT_LT(steady_clock::now() - begin, kTimeout + kTimeout * 4 / 5);
}

// Promise: whichever broker a reply comes to, it knows the client that asked: the reply topic is on
// brokers that the request's own topic is not on.
TEST_F(RequestTest, EveryBrokerOfTheReplyTopicHasHeardOfTheRequesterBeforeItsFirstRequest) {
  for (const char* topic : {"Narrow", "SentToBefore", "New"}) {
    SCOPED_TRACE(topic);
    start(2);
    cluster_->createTopicAt(cluster_->broker(0), "Narrow");
    cluster_->createTopicAt(cluster_->broker(0), "SentToBefore");
    cluster_->createTopicAt(cluster_->broker(0), "TBW102");
    cluster_->createTopic("fake_REPLY_TOPIC");
    Message ordinary("SentToBefore", "x");
    producer_->send(ordinary);
    Message question(topic, "anybody?");
    EXPECT_THROW(producer_->request(question, milliseconds(300)), RequestTimeoutException);
    EXPECT_TRUE(cluster_->broker(1).lastHeartbeat().has_value());
    producer_.reset();
  }
}

TEST_F(RequestTest, ABrokerThatDoesNotAnswerHeartbeatsDoesNotCostARequestAllItsTime) {
  start(2);
  cluster_->createTopicAt(cluster_->broker(0), "Narrow");
  cluster_->createTopic("fake_REPLY_TOPIC");
  cluster_->broker(1).swallowHeartbeats(true);
  Message question("Narrow", "anybody?");
  EXPECT_THROW(producer_->request(question, milliseconds(500)), RequestTimeoutException);
}

// Promise: a broker forgets who was cut off from it; the next request makes the client known again.
TEST_F(RequestTest, ARequestAfterACutConnectionGetsItsReply) {
  start();
  cluster_->createTopic("fake_REPLY_TOPIC");
  cluster_->broker().replyWith("pong");
  for (int i = 0; i < 3; ++i) {
    SCOPED_TRACE(i);
    Message question("T", "ping");
    EXPECT_EQ(producer_->request(question, std::chrono::seconds(20)).body(), "pong");
    cluster_->broker().cutClients();
    send();  // On a new connection.
  }
}

// Promise: who has made a request once may get replies to it through a broker that came back.
TEST_F(RequestTest, ARequesterMakesItselfKnownAgainWithoutANewRequest) {
  start();
  cluster_->broker().replyWith("pong");
  Message question("T", "ping");
  EXPECT_EQ(producer_->request(question, std::chrono::seconds(20)).body(), "pong");
  for (int i = 0; i < 2; ++i) {  // One regular heartbeat comes soon after the start.
    const int64_t before = cluster_->broker().heartbeats();
    cluster_->broker().cutClients();
    EXPECT_TRUE(eventually([&] { return cluster_->broker().heartbeats() > before; }));
  }
}

// Promise: only the first request waits for a broker that is silent.
TEST_F(RequestTest, ABrokerThatDoesNotAnswerHeartbeatsHoldsUpOneRequestOnly) {
  constexpr milliseconds kApiTimeout{2000};
  start(1, [&](ProducerConfig& config) { config.api_timeout = kApiTimeout; });
  cluster_->broker().swallowHeartbeats(true);
  const auto timeOf = [this] {
    const auto begin = steady_clock::now();
    producer_->request(Message("T", "anybody?"), {}, milliseconds(60'000));
    return steady_clock::now() - begin;
  };
  EXPECT_GE(timeOf(), kApiTimeout * 3 / 4);
  EXPECT_LT(timeOf(), kApiTimeout * 3 / 4);
}

// Promise: what is tried every second is not logged every second.
TEST_F(RequestTest, ABrokerThatDoesNotAnswerHeartbeatsIsLoggedOnce) {
  testing::internal::CaptureStderr();
  start(1, [](ProducerConfig& config) { config.api_timeout = milliseconds(50); });
  cluster_->broker().swallowHeartbeats(true);
  producer_->request(Message("T", "anybody?"), {}, milliseconds(60'000));
  EXPECT_TRUE(eventually([this] { return cluster_->broker().heartbeats() >= 4; }));
  producer_.reset();
  const std::string log = testing::internal::GetCapturedStderr();
  const size_t first = log.find("heartbeat to broker");
  ASSERT_NE(first, std::string::npos);
  EXPECT_NE(log.find("; it is tried again every second", first), std::string::npos) << log;
  EXPECT_EQ(log.find("heartbeat to broker", first + 1), std::string::npos) << log;
}

}  // namespace
}  // namespace rocketmq::client

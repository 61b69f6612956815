// request(), and the consumer that replies.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "rocketmq/message_util.h"
#include "tests/integration/client_modes_fixture.h"

namespace rocketmq::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RequestReplyTest : public ClientModesFixture {
 protected:
  /// A consumer that replies to each request with "re: " and its body, or not at all.
  std::unique_ptr<DefaultMQPushConsumer> startReplier(bool replies = true) const {
    return consume(pushConfig(), [this, replies](const std::vector<MessageExt>& messages,
                                                 ConsumeConcurrentlyContext&) {
      if (replies) {
        Message reply = createReplyMessage(messages[0], "re: " + messages[0].body());
        sender().send(reply);
      }
      return ConsumeConcurrentlyStatus::kConsumeSuccess;
    });
  }
};

TEST_F(RequestReplyTest, ARequestGetsTheReplyOfAConsumer) {
  sender();
  const auto replier = startReplier();
  const auto requester = producer();
  for (int i = 0; i < 10; ++i) {
    Message question(topic_, "question " + std::to_string(i));
    const Message reply = requester->request(question, seconds(10));
    EXPECT_EQ(reply.body(), "re: question " + std::to_string(i));
    EXPECT_EQ(reply.property("CORRELATION_ID"), question.property("CORRELATION_ID"));
  }
  Message chosen(topic_, "with a selector");
  EXPECT_EQ(requester->request(chosen, selectQueueByHash("key"), seconds(10)).body(),
            "re: with a selector");
}

TEST_F(RequestReplyTest, AsynchronousRequestsGetTheirOwnReplies) {
  sender();
  const auto replier = startReplier();
  const auto requester = producer();
  std::atomic<int> right{0};
  for (int i = 0; i < 50; ++i) {
    const std::string body = std::to_string(i);
    requester->request(
        Message(topic_, body),
        {.on_success =
             [&, body](const Message& reply) { right += reply.body() == "re: " + body ? 1 : 0; },
         .on_exception = [](const MQException& e) { ADD_FAILURE() << e.what(); }},
        seconds(10));
  }
  EXPECT_TRUE(eventually([&] { return right == 50; })) << right;
}

TEST_F(RequestReplyTest, ARequestThatNobodyRepliesToEndsInTime) {
  sender();
  const auto replier = startReplier(false);
  const auto requester = producer();
  Message question(topic_, "anybody?");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THROW(requester->request(question, milliseconds(300)), RequestTimeoutException);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(1500));

  std::atomic<int> ended{0};
  requester->request(Message(topic_, "and now?"),
                     {.on_success = nullptr,
                      .on_exception =
                          [&](const MQException& e) {
                            EXPECT_EQ(e.code(), ClientErrorCode::kRequestTimeout);
                            ++ended;
                          }},
                     milliseconds(300));
  EXPECT_TRUE(eventually([&] { return ended == 1; }));
  requester->request(Message(topic_, "shutting down"),
                     {.on_success = nullptr, .on_exception = [&](const MQException&) { ++ended; }},
                     seconds(30));
  requester->shutdown();
  EXPECT_EQ(ended, 2) << "a shutdown ends what waits";
  EXPECT_THROW(createReplyMessage(Message(topic_, "no request"), "x"), MQClientException);
}

}  // namespace
}  // namespace rocketmq::test

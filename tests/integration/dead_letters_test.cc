// Dead letters: how messages get there, and how an operator finds them and has them consumed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "common/clock.h"
#include "tests/integration/client_fixture.h"

namespace rocketmq::test {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr seconds kPatience{60};

class DeadLettersTest : public ClientFixture {
 protected:
  /// A consumer that fails while `healthy_` is not set; one failure is a message's death.
  std::unique_ptr<DefaultMQPushConsumer> frailConsumer() {
    PushConsumerConfig config = pushConfig();
    config.max_reconsume_times = 0;
    auto consumer = std::make_unique<DefaultMQPushConsumer>(config);
    consumer->subscribe(topic_);
    consumer->registerMessageListener(
        [this](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
          if (!healthy_.load()) {
            return ConsumeConcurrentlyStatus::kReconsumeLater;
          }
          std::for_each(messages.begin(), messages.end(),
                        [&](const MessageExt& message) { inbox_.take(message); });
          return ConsumeConcurrentlyStatus::kConsumeSuccess;
        });
    consumer->start();
    return consumer;
  }

  std::vector<std::string> sendFive() const {
    std::vector<std::string> ids;
    const auto sender = producer();
    for (int i = 0; i < 5; ++i) {
      Message message(topic_, "TagD", "dead-" + std::to_string(i), "body " + std::to_string(i));
      ids.push_back(sender->send(message).msg_id);
    }
    return ids;
  }

  std::string query(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"queryDLQ", "-g", group_});
    return cluster_->admin(arguments).output;
  }
  Cluster::Outcome resend(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"resendDLQ", "-g", group_});
    return cluster_->admin(arguments);
  }
  void awaitDead(const std::string& count) const {
    std::string output;
    ASSERT_TRUE(eventually(
        [&] {
          output = query({});
          return output.find("\npage 1 of 1, " + count + " dead letters") != std::string::npos;
        },
        kPatience))
        << output;
  }

  std::atomic<bool> healthy_{false};
  Inbox inbox_;
};

TEST_F(DeadLettersTest, TheyAreListedByPageKeyIdAndTimeAlsoAfterARestart) {
  EXPECT_THAT(query({}), HasSubstr("group " + group_ + " has no dead letters"));
  std::vector<std::string> ids;
  {
    const auto consumer = frailConsumer();
    ids = sendFive();
    awaitDead("5");
  }
  // RocketMQ since 4.9.2: one queue, readable.
  EXPECT_THAT(cluster_->admin({"topicRoute", "-t", "%DLQ%" + group_}).output,
              AllOf(HasSubstr("\"readQueueNums\":1"), HasSubstr("\"perm\":6")));
  EXPECT_THAT(query({"-p", "3", "-c", "2"}),
              AllOf(HasSubstr("page 3 of 3, 5 dead letters"),
                    ContainsRegex("[0-9A-F]{32} 20[0-9-]+ [0-9:]+ +1 +4 " + topic_ + " ")));
  EXPECT_THAT(query({"-k", "dead-3"}),
              AllOf(HasSubstr(ids[3]), HasSubstr("\n1 dead letters"), Not(HasSubstr(ids[2]))));
  EXPECT_THAT(query({"-i", ids[1] + "," + ids[4]}),
              AllOf(HasSubstr(ids[1]), HasSubstr(ids[4]), HasSubstr("\n2 dead letters")));
  EXPECT_THAT(query({"-i", "0123456789ABCDEF0123456789ABCDEF"}), HasSubstr("no dead letter with"));
  EXPECT_THAT(query({"-e", "1000"}), HasSubstr("page 1 of 1, 0 dead letters"));
  EXPECT_THAT(query({"-b", "yesterday"}), HasSubstr("yyyy-MM-dd#HH:mm:ss:SSS"));

  cluster_->stopBroker();
  cluster_->startBroker();
  EXPECT_TRUE(eventually([&] { return query({}).find(", 5 dead letters") != std::string::npos; },
                         kPatience))
      << query({});
}

TEST_F(DeadLettersTest, ResentOnesReachTheGroupWithTheirOldTopicAndKeys) {
  const auto consumer = frailConsumer();
  const std::vector<std::string> ids = sendFive();
  awaitDead("5");
  EXPECT_THAT(resend({}).output, HasSubstr("say which dead letters"));

  // Still failing: it dies a second time, though all its tries were before it.
  EXPECT_THAT(resend({"-i", ids[0]}).output,
              AllOf(HasSubstr(ids[0] + " sent to %RETRY%" + group_),
                    HasSubstr("1 dead letters sent again; they also stay in %DLQ%" + group_)));
  awaitDead("6");

  healthy_.store(true);
  EXPECT_EQ(resend({"-k", "dead-2"}).status, 0);
  ASSERT_TRUE(eventually([&] { return inbox_.received() == 1; }, kPatience));
  const MessageExt back = inbox_.messages().front();
  EXPECT_EQ(back.topic(), topic_);
  EXPECT_EQ(back.body(), "body 2");
  EXPECT_EQ(back.keys(), "dead-2");
  EXPECT_EQ(back.tags(), "TagD");
  EXPECT_EQ(back.msgId(), ids[2]);

  EXPECT_THAT(resend({"-a"}).output, HasSubstr("6 dead letters sent again"));
  EXPECT_TRUE(eventually([&] { return inbox_.received() == 7; }, kPatience));
  EXPECT_EQ(inbox_.different(), 5U);
}

TEST_F(DeadLettersTest, OneConsumerCanBeToldToConsumeADeadLetterNow) {
  const auto consumer = frailConsumer();
  const std::vector<std::string> ids = sendFive();
  awaitDead("5");
  healthy_.store(true);
  EXPECT_THAT(resend({"-i", ids[4], "-d", consumer->clientId()}).output,
              AllOf(HasSubstr("CR_SUCCESS"), HasSubstr("1 dead letters sent again")));
  EXPECT_EQ(inbox_.received(), 1U);
  EXPECT_NE(resend({"-i", ids[4], "-d", "nobody"}).status, 0);
}

TEST_F(DeadLettersTest, AQueueIsPrintedWithItsTagsCounted) {
  sendFive();
  std::string counted;
  for (int queue = 0; queue < 16; ++queue) {
    counted += cluster_
                   ->admin({"printMsgByQueue", "-t", topic_, "-a", "broker-a", "-i",
                            std::to_string(queue), "-p", "true", "-f", "true"})
                   .output;
  }
  EXPECT_THAT(counted, AllOf(HasSubstr("Tag: TagD                           Count: "),
                             ContainsRegex("MSGID: [0-9A-F]{32} MessageExt .* BODY: body 4")));
  EXPECT_THAT(
      cluster_->admin({"printMsgByQueue", "-t", topic_, "-a", "broker-a", "-i", "99"}).output,
      HasSubstr("has no queue 99 on broker broker-a"));
}

// To find messages with a tag, the broker looks beyond the time that was asked for.
TEST_F(DeadLettersTest, MessagesBehindTheTimeThatWasAskedForAreNeitherPrintedNorCounted) {
  const auto sender = producer();
  const MessageQueue queue{topic_, "broker-a", 0};
  const auto now = [] { return SystemClock::instance().nowMs(); };
  const auto send = [&](const std::string& tag, const std::string& body) {
    Message message(topic_, tag, body);
    sender->send(message, queue);
  };
  send("TagA", "within");
  send("TagB", "of another tag");
  const TimestampMs end = now() + 1;
  ASSERT_TRUE(eventually([&] { return now() > end; }));
  send("TagA", "behind");
  const std::string printed =
      cluster_
          ->admin({"printMsgByQueue", "-t", topic_, "-a", "broker-a", "-i", "0", "-s", "TagA", "-e",
                   std::to_string(end), "-p", "true", "-f", "true"})
          .output;
  EXPECT_THAT(printed, AllOf(HasSubstr("BODY: within"), Not(HasSubstr("BODY: behind")),
                             ContainsRegex("Tag: TagA +Count: 1\n")));
}

}  // namespace
}  // namespace rocketmq::test

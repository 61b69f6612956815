// Promise: a timer message that has been recalled is never delivered, whatever happens to its
// broker between the send, the recall and its time; messages of the same second are. What cannot
// be recalled is refused with RocketMQ's code.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/raw_client.h"
#include "tests/support/timer_cluster.h"

namespace rocketmq::test {
namespace {

constexpr int32_t kNoPermission = 16;
constexpr int32_t kTopicNotExist = 17;
constexpr int32_t kIllegalOperation = 604;
constexpr int32_t kRecallMessage = 370;

class RecallTest : public TimerCluster {
 protected:
  explicit RecallTest(Cluster::Settings settings = {{"recallMessageEnable", "true"}})
      : TimerCluster(std::move(settings)) {}

  void SetUp() override {
    const int64_t begin_ms = nowMs();
    TimerCluster::SetUp();
    start_took_ms_ = nowMs() - begin_ms;
  }

  void restart(const std::function<void()>& end) {
    end();
    cluster_.startBroker();
    // The connections of the broker's life before have to be noticed.
    ASSERT_TRUE(eventually([&] {
      try {
        producer_->recallMessage("Alarms", sendAt(nowMs() + 60'000, "never").recall_handle);
        return true;
      } catch (const MQException&) {
        return false;
      }
    }));
  }
  void expectRefusal(const std::string& topic, const std::string& handle, int32_t code,
                     const std::string& reason) {
    try {
      producer_->recallMessage(topic, handle);
      ADD_FAILURE() << "not refused: " << reason;
    } catch (const MQBrokerException& refused) {
      EXPECT_EQ(refused.code(), code) << refused.what();
      EXPECT_NE(std::string(refused.what()).find(reason), std::string::npos) << refused.what();
    }
  }

  int64_t start_took_ms_ = 0;  ///< How busy the machine is.
};

TEST_F(RecallTest, ARecalledMessageNeverComesItsNeighboursOfTheSameSecondDo) {
  const int64_t due_ms = nowMs() + 2500;
  std::vector<SendResult> sent;
  for (int i = 0; i < 20; ++i) {
    sent.push_back(sendAt(due_ms, std::to_string(i)));
  }
  Bodies expected;
  for (size_t i = 0; i < 20; ++i) {
    if (i % 2 == 0) {
      EXPECT_EQ(producer_->recallMessage("Alarms", sent[i].recall_handle), sent[i].msg_id);
    } else {
      expected.push_back(std::to_string(i));
    }
  }
  sendAt(due_ms + 1000, "the second after");
  expected.emplace_back("the second after");
  ASSERT_TRUE(reader_->awaitCount(static_cast<int64_t>(expected.size())));
  EXPECT_EQ(bodies(), expected);
}

TEST_F(RecallTest, RecallsHoldThroughARestartAndAKillBeforeAndAfterThem) {
  const int64_t due_ms = nowMs() + 4000 + 5 * start_took_ms_;
  sendAt(due_ms, "stays");
  const SendResult first = sendAt(due_ms, "recalled after a restart, before a kill");
  const SendResult second = sendAt(due_ms, "recalled after a kill, before a restart");
  restart([&] { cluster_.stopBroker(); });
  EXPECT_EQ(producer_->recallMessage("Alarms", first.recall_handle), first.msg_id);
  restart([&] { cluster_.killBroker(); });
  EXPECT_EQ(producer_->recallMessage("Alarms", second.recall_handle), second.msg_id);
  cluster_.stopBroker();
  cluster_.startBroker();
  ASSERT_TRUE(reader_->awaitCount(1));
  // What is due a second later shows that the second of the others is through.
  ASSERT_TRUE(eventually([&] {
    try {
      sendAt(std::max(nowMs() + 1, due_ms + 1000), "fence");
      return true;
    } catch (const MQException&) {
      return false;
    }
  }));
  ASSERT_TRUE(reader_->awaitCount(2));
  EXPECT_EQ(bodies(), (Bodies{"stays", "fence"}));
}

TEST_F(RecallTest, BadHandlesAreRefusedWithTheReason) {
  EXPECT_THROW(producer_->recallMessage("Alarms", "rubbish"), MQClientException);
  EXPECT_THROW(producer_->recallMessage("Alarms", ""), MQClientException);
  const SendResult sent = sendAt(nowMs() + 60'000, "x");
  EXPECT_THROW(producer_->recallMessage("not a topic", sent.recall_handle), MQClientException);
  cluster_.createTopic("Others", 1);
  expectRefusal("Others", sent.recall_handle, kIllegalOperation, "topic not match");
  expectRefusal("Nowhere", sent.recall_handle, kTopicNotExist, "Nowhere");

  RawClient raw(cluster_.brokerPort());
  const auto refused =
      raw.call(kRecallMessage, "{\"topic\":\"Alarms\",\"recallHandle\":\"rubbish\"}");
  EXPECT_EQ(refused.code, kIllegalOperation) << refused.remark;
  EXPECT_NE(refused.remark.find("recall handle is invalid"), std::string::npos) << refused.remark;
}

TEST_F(RecallTest, AClientOfAnotherLanguageRecallsWithTheFieldsOfRocketMq) {
  const SendResult sent = sendAt(nowMs() + 60'000, "x");
  RawClient raw(cluster_.brokerPort());
  const auto answer =
      raw.call(kRecallMessage, "{\"producerGroup\":\"P\",\"topic\":\"Alarms\",\"recallHandle\":\"" +
                                   sent.recall_handle + "\",\"bname\":\"broker-a\"}");
  EXPECT_EQ(answer.code, 0) << answer.remark;
  EXPECT_EQ(answer.ext.at("msgId"), sent.msg_id);
  EXPECT_EQ(answer.ext.at("MSG_REGION"), "DefaultRegion");
}

TEST_F(RecallTest, ARecallThatComesTooLateIsRefused) {
  const SendResult sent = sendAt(nowMs() + 2000, "delivered");
  ASSERT_TRUE(reader_->awaitCount(1));
  expectRefusal("Alarms", sent.recall_handle, kIllegalOperation, "has come");
  EXPECT_EQ(bodies(), (Bodies{"delivered"}));
}

TEST_F(RecallTest, OnlyMessagesWithATimeHaveAHandle) {
  Message plain("Alarms", "plain");
  EXPECT_EQ(producer_->send(plain).recall_handle, "");
  Message level("Alarms", "level");
  level.setDelayTimeLevel(1);
  EXPECT_EQ(producer_->send(level).recall_handle, "");
}

class RecallOffTest : public RecallTest {
 protected:
  RecallOffTest() : RecallTest(Cluster::Settings{}) {}
};

TEST_F(RecallOffTest, RecallsAreRefusedUntilTheyAreSwitchedOn) {
  const SendResult sent = sendAt(nowMs() + 60'000, "x");
  EXPECT_NE(sent.recall_handle, "");
  expectRefusal("Alarms", sent.recall_handle, kNoPermission, "recallMessageEnable");
  const auto changed = cluster_.admin({"updateBrokerConfig", "-b", cluster_.brokerAddr(), "-k",
                                       "recallMessageEnable", "-v", "true"});
  ASSERT_EQ(changed.status, 0) << changed.output;
  EXPECT_EQ(producer_->recallMessage("Alarms", sent.recall_handle), sent.msg_id);
}

}  // namespace
}  // namespace rocketmq::test

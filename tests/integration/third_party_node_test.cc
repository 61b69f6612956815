// What ali-ons (Node) sends: raw numbers and booleans in extFields, names for enums.

#include <gtest/gtest.h>

#include <string>

#include "tests/integration/third_party_fixture.h"

namespace rocketmq::test {
namespace {

class NodeClientTest : public ThirdPartyClientsTest {};

TEST_F(NodeClientTest, MessagesWithoutUniqueKeyAndOddTagsAreStored) {
  const auto sent =
      broker_->call(kSendV2, nodeSend(0, propertyString({{"TAGS", "undefined"}})), "x");
  EXPECT_EQ(sent.code, 0) << sent.remark;
  const auto empty_name = broker_->call(kSendV2, nodeSend(0, "\x02"), "y");
  EXPECT_EQ(empty_name.code, 0) << empty_name.remark;
}

TEST_F(NodeClientTest, OversizeBodyIsRefusedWith13OnTheSameConnection) {
  const auto answer =
      broker_->call(kSendV2, nodeSend(0, ""), std::string(4 * 1024 * 1024 + 1, 'x'));
  EXPECT_EQ(answer.code, 13) << answer.remark;
  EXPECT_EQ(send("small").code, 0);
}

TEST_F(NodeClientTest, HeartbeatOfItsInnerProducerIsAccepted) {
  const auto answer = broker_->call(
      kHeartbeat, "",
      "{\"clientID\":\"127.0.0.1@DEFAULT\",\"consumerDataSet\":[],\"producerDataSet\":"
      "[{\"groupName\":\"CLIENT_INNER_PRODUCER\"}]}");
  EXPECT_EQ(answer.code, 0) << answer.remark;
}

TEST_F(NodeClientTest, UnregisterWithoutOneOfTheGroupsIsAccepted) {
  broker_->call(kHeartbeat, "", goHeartbeat("127.0.0.1@leaves"));
  const auto answer = broker_->call(
      kUnregister, "{\"clientID\":\"127.0.0.1@leaves\",\"consumerGroup\":\"" + group_ + "\"}");
  EXPECT_EQ(answer.code, 0) << answer.remark;
  EXPECT_NE(broker_->call(kConsumerList, "{\"consumerGroup\":\"" + group_ + "\"}").code, 0);
}

TEST_F(NodeClientTest, CommitOfMinusOneIsNotAPosition) {
  broker_->call(kHeartbeat, "", goHeartbeat("127.0.0.1@minus"));
  broker_->call(kUpdateOffset, "{\"consumerGroup\":\"" + group_ + "\",\"topic\":\"" + topic_ +
                                   "\",\"queueId\":2,\"commitOffset\":-1}");
  const auto answer =
      broker_->call(kQueryOffset, "{\"consumerGroup\":\"" + group_ + "\",\"topic\":\"" + topic_ +
                                      "\",\"queueId\":2}");
  if (answer.code == 0) {
    EXPECT_EQ(answer.ext.at("offset"), "0");
  } else {
    EXPECT_EQ(answer.code, kQueryNotFound);
  }
}

TEST_F(NodeClientTest, SendBackBringsTheMessageToTheRetryTopic) {
  broker_->call(kHeartbeat, "", goHeartbeat("127.0.0.1@back"), "JAVA", 121);
  const auto sent = send("try again");
  const std::string offset =
      std::to_string(std::stoull(sent.ext.at("msgId").substr(16), nullptr, 16));
  const auto back = broker_->call(kSendBack,
                                  "{\"offset\":" + offset + ",\"group\":\"" + group_ +
                                      "\",\"delayLevel\":0,\"originMsgId\":\"" +
                                      sent.ext.at("msgId") + "\",\"originTopic\":\"" + topic_ +
                                      "\",\"unitMode\":false,\"maxReconsumeTimes\":16}",
                                  {}, "JAVA", 121);
  EXPECT_EQ(back.code, 0) << back.remark;
  const auto again = broker_->call(
      kPull, pullFields(0,
                        "\"sysFlag\":6,\"suspendTimeoutMillis\":9000,\"subscription\":\"*\","
                        "\"subVersion\":0",
                        0, "%RETRY%" + group_));
  ASSERT_EQ(again.code, 0) << again.remark;
  const auto messages = decodeMessages(again.body);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].body, "try again");
  EXPECT_EQ(messages[0].reconsume_times, 1);
  EXPECT_EQ(messages[0].properties.at("RETRY_TOPIC"), topic_);
  EXPECT_EQ(messages[0].properties.at("ORIGIN_MESSAGE_ID"), sent.ext.at("msgId"));
}

TEST_F(NodeClientTest, SqlComesInHeartbeatAndPullWithRawNumbers) {
  const auto beat = broker_->call(
      kHeartbeat, "",
      R"({"clientID":"127.0.0.1@sql","consumerDataSet":[{"groupName":")" + group_ +
          R"(","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING",)"
          R"("consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","subscriptionDataSet":[{"topic":")" +
          topic_ +
          R"(","subString":"a > 3","classFilterMode":false,"tagsSet":[],"codeSet":[],)"
          R"("subVersion":1795234400170,"expressionType":"SQL92"}]}],"producerDataSet":[]})",
      "JAVA", 121);
  ASSERT_EQ(beat.code, 0) << beat.remark;
  broker_->call(kSendV2, nodeSend(0, propertyString({{"a", "2"}})), "no");
  broker_->call(kSendV2, nodeSend(0, propertyString({{"a", "5"}})), "yes");
  const auto found = broker_->call(
      kPull,
      "{\"consumerGroup\":\"" + group_ + "\",\"topic\":\"" + topic_ +
          R"(","queueId":0,"queueOffset":0,"maxMsgNums":32,"sysFlag":6,"commitOffset":0,)"
          R"("suspendTimeoutMillis":15000,"subscription":"a > 3","subVersion":1795234400170,)"
          R"("expressionType":"SQL92"})",
      {}, "JAVA", 121);
  ASSERT_EQ(found.code, 0) << found.remark;
  const auto messages = decodeMessages(found.body);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].body, "yes");
}

TEST_F(NodeClientTest, PullsStoreThePositionThatTheyCarry) {
  broker_->call(kHeartbeat, "", goHeartbeat("127.0.0.1@carries"), "JAVA", 121);
  for (int i = 0; i < 3; ++i) {
    send("body");
  }
  const auto pull = [&](const std::string& commit_offset) {
    const auto answer = broker_->call(
        kPull, "{\"consumerGroup\":\"" + group_ + "\",\"topic\":\"" + topic_ +
                   R"(","queueId":0,"queueOffset":0,"maxMsgNums":32,"sysFlag":7,"commitOffset":)" +
                   commit_offset +
                   R"(,"suspendTimeoutMillis":15000,"subscription":"*","subVersion":1})");
    EXPECT_EQ(answer.code, 0) << answer.remark;
  };
  pull("2");
  EXPECT_EQ(positionIn(0), "2");
  pull("-1");
  EXPECT_EQ(positionIn(0), "2");
}

TEST_F(NodeClientTest, RetriesThatItSendsItselfEndAsDeadLetters) {
  broker_->call(kHeartbeat, "", goHeartbeat("127.0.0.1@itself"), "JAVA", 121);
  const auto retry = [&](const std::string& times, const std::string& body) {
    const std::string properties = propertyString(
        {{"RECONSUME_TIME", times}, {"MAX_RECONSUME_TIMES", "16"}, {"RETRY_TOPIC", topic_}});
    return broker_->call(kSendV2,
                         "{\"a\":\"CLIENT_INNER_PRODUCER\",\"b\":\"%RETRY%" + group_ +
                             R"(","c":"TBW102","d":4,"e":0,"f":0,"g":1795234400170,"h":0,"i":")" +
                             jsonEscape(properties) + "\",\"j\":" + times + R"(,"k":false,"l":16})",
                         body, "JAVA", 121);
  };
  EXPECT_EQ(retry("3", "again").code, 0);
  EXPECT_EQ(retry("17", "dead").code, 0);
  const auto retried = messagesIn("%RETRY%" + group_);
  ASSERT_EQ(retried.size(), 1u);
  EXPECT_EQ(retried[0].body, "again");
  EXPECT_EQ(retried[0].reconsume_times, 3);
  const auto dead = broker_->call(kMaxOffset, "{\"topic\":\"%DLQ%" + group_ + "\",\"queueId\":0}");
  EXPECT_EQ(dead.code, 0) << dead.remark;
  EXPECT_EQ(dead.ext.at("offset"), "1");
}

TEST_F(NodeClientTest, SearchesAndLimitsTakeRawNumbers) {
  send("one", "TagA", 2);
  const auto found = broker_->call(kSearchOffset, queueFields(2, R"(,"timestamp":1795234400170)"));
  EXPECT_EQ(found.code, 0) << found.remark;
  EXPECT_TRUE(found.ext_all_strings);
  for (const int code : {kMaxOffset, kMinOffset}) {
    EXPECT_TRUE(broker_->call(code, queueFields(2)).ext_all_strings) << code;
  }
}

}  // namespace
}  // namespace rocketmq::test

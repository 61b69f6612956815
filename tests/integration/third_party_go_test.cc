// What rocketmq-client-go sends: texts for everything, long names, pulls without a subscription,
// and no word when it leaves.

#include <gtest/gtest.h>

#include <string>

#include "tests/integration/third_party_fixture.h"

namespace rocketmq::test {
namespace {

class GoClientTest : public ThirdPartyClientsTest {};

TEST_F(GoClientTest, SendsWithLongNames) {
  const auto sent = broker_->call(
      kSendV1,
      "{\"producerGroup\":\"" + group_ + "\",\"topic\":\"" + topic_ +
          "\",\"queueId\":\"0\",\"sysFlag\":\"0\",\"bornTimestamp\":\"1795234400170\",\"flag\":"
          "\"0\",\"reconsumeTimes\":\"0\",\"unitMode\":\"false\",\"maxReconsumeTimes\":\"0\","
          "\"batch\":\"false\",\"defaultTopic\":\"TBW102\",\"defaultTopicQueueNums\":\"4\","
          "\"bname\":\"broker-a\",\"properties\":\"" +
          jsonEscape(propertyString({{"TAGS", "TagA"}})) + "\"}",
      "from go", "GO", 317);
  EXPECT_EQ(sent.code, 0) << sent.remark;
}

TEST_F(GoClientTest, BatchAnswersIdsJoinedWithCommas) {
  std::string body;
  for (const std::string text : {"a", "bc"}) {
    body += std::string("\0\0\0", 3) + static_cast<char>(22 + text.size()) + std::string(12, '\0') +
            std::string("\0\0\0", 3) + static_cast<char>(text.size()) + text + std::string(2, '\0');
  }
  std::string fields = nodeSend(0, "");
  fields.pop_back();
  const auto sent =
      broker_->call(kSendBatch, fields + ",\"m\":\"true\",\"n\":\"broker-a\"}", body, "GO", 317);
  ASSERT_EQ(sent.code, 0) << sent.remark;
  EXPECT_NE(sent.ext.at("msgId").find(','), std::string::npos);
}

TEST_F(GoClientTest, PullsWithoutSubscriptionUseTheHeartbeat) {
  broker_->call(kHeartbeat, "", goHeartbeat("127.0.0.1@go", "TagA"), "GO", 317);
  send("no", "TagB");
  send("yes", "TagA");
  const auto found = broker_->call(
      kPull,
      pullFields(0,
                 "\"sysFlag\":\"2\",\"suspendTimeoutMillis\":\"20000\",\"subscription\":\"\","
                 "\"subVersion\":\"0\",\"expressionType\":\"TAG\",\"bname\":\"broker-a\""),
      {}, "GO", 317);
  ASSERT_EQ(found.code, 0) << found.remark;
  const auto messages = decodeMessages(found.body);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].body, "yes");
}

TEST_F(GoClientTest, PullWithoutAnySubscriptionIs24) {
  const auto refused = broker_->call(
      kPull, pullFields(0, "\"sysFlag\":2,\"suspendTimeoutMillis\":1000,\"subVersion\":0"));
  EXPECT_EQ(refused.code, 24) << refused.remark;
}

TEST_F(GoClientTest, ClientThatOnlyClosesItsConnectionLeavesItsGroup) {
  broker_->call(kHeartbeat, "", goHeartbeat("127.0.0.1@stays"), "GO", 317);
  {
    RawClient leaves(cluster_->brokerPort());
    leaves.call(kHeartbeat, "", goHeartbeat("127.0.0.1@leaves"), "GO", 317);
    broker_->takeRequest();
    broker_->takeRequest();
  }
  const auto told = broker_->takeRequest();
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->code, kNotifyIdsChanged);
  EXPECT_EQ(broker_->call(kConsumerList, "{\"consumerGroup\":\"" + group_ + "\"}").body,
            "{\"consumerIdList\":[\"127.0.0.1@stays\"]}");
}

TEST_F(GoClientTest, FindsTheReplyTopicAndItsListRequests) {
  EXPECT_EQ(namesrv_->call(kRoute, "{\"topic\":\"DefaultCluster_REPLY_TOPIC\"}").code, 0);
  const auto list = namesrv_->call(kTopicList, "{}");
  EXPECT_EQ(list.code, 0);
  EXPECT_TRUE(list.body.starts_with("{\"topicList\":[")) << list.body;
  const auto groups = broker_->call(201, "");
  EXPECT_EQ(groups.code, 0);
  EXPECT_NE(groups.body.find("\"subscriptionGroupTable\":{"), std::string::npos);
  EXPECT_EQ(broker_->call(215, "{\"topic\":\"" + topic_ + "\"}").code, 0);
  EXPECT_EQ(namesrv_->call(216, "{\"topic\":\"" + topic_ + "\"}").code, 0);
}

TEST_F(GoClientTest, RepliesReachTheRequestersConnection) {
  RawClient requester(cluster_->brokerPort());
  requester.call(kHeartbeat, "",
                 "{\"clientID\":\"127.0.0.1@requester\",\"producerDataSet\":[{\"groupName\":\"" +
                     group_ + "\"}],\"consumerDataSet\":[]}",
                 "GO", 317);
  const int reply = broker_->request(
      324,
      "{\"producerGroup\":\"" + group_ +
          "\",\"topic\":\"DefaultCluster_REPLY_TOPIC\",\"queueId\":\"0\",\"sysFlag\":\"0\","
          "\"bornTimestamp\":\"1795234400170\",\"flag\":\"0\",\"defaultTopic\":\"TBW102\","
          "\"defaultTopicQueueNums\":\"4\",\"reconsumeTimes\":\"0\",\"unitMode\":\"false\","
          "\"properties\":\"" +
          jsonEscape(propertyString({{"MSG_TYPE", "reply"},
                                     {"CORRELATION_ID", "c1"},
                                     {"REPLY_TO_CLIENT", "127.0.0.1@requester"},
                                     {"TTL", "8000"}})) +
          "\"}",
      "the reply", "GO", 317);
  const auto pushed = requester.takeRequest();
  ASSERT_TRUE(pushed.has_value());
  EXPECT_EQ(pushed->code, 326);
  EXPECT_EQ(pushed->flag, 0);
  EXPECT_EQ(pushed->body, "the reply");
  EXPECT_NE(pushed->ext.at("properties").find("CORRELATION_ID"), std::string::npos);
  for (const char* name : {"bornHost", "storeHost", "storeTimestamp", "queueId", "topic"}) {
    EXPECT_TRUE(pushed->ext.contains(name)) << name;
  }
  requester.requestHeader("{\"code\":0,\"flag\":1,\"language\":\"GO\",\"opaque\":" +
                          std::to_string(pushed->opaque) + ",\"version\":317}");
  const auto answered = broker_->answer(reply);
  ASSERT_TRUE(answered.has_value());
  EXPECT_EQ(answered->code, 0) << answered->remark;
}

TEST_F(GoClientTest, SqlIsKnownFromTheHeartbeatAlone) {
  std::string beat = goHeartbeat("127.0.0.1@sql", "a > 3");
  beat.replace(beat.find("\"TAG\""), 5, "\"SQL92\"");
  ASSERT_EQ(broker_->call(kHeartbeat, "", beat, "GO", 317).code, 0);
  broker_->call(kSendV2, nodeSend(0, propertyString({{"a", "2"}})), "no");
  broker_->call(kSendV2, nodeSend(0, propertyString({{"a", "5"}})), "yes");
  const auto found = broker_->call(
      kPull,
      pullFields(0, R"("sysFlag":"2","suspendTimeoutMillis":"20000","subscription":"",)"
                    R"("subVersion":"0","expressionType":"SQL92","bname":"broker-a")"),
      {}, "GO", 317);
  ASSERT_EQ(found.code, 0) << found.remark;
  EXPECT_EQ(decodeMessages(found.body).at(0).body, "yes");
}

TEST_F(GoClientTest, ThePositionSentJustBeforeItClosesCounts) {
  send("one");
  {
    RawClient leaves(cluster_->brokerPort());
    leaves.call(kHeartbeat, "", goHeartbeat("127.0.0.1@leaves"), "GO", 317);
    leaves.request(kUpdateOffset,
                   "{\"consumerGroup\":\"" + group_ + "\",\"topic\":\"" + topic_ +
                       R"(","queueId":"0","commitOffset":"1","bname":"broker-a"})",
                   {}, "GO", 317);
  }
  EXPECT_TRUE(eventually([&] { return positionIn(0) == "1"; }));
}

TEST_F(GoClientTest, HeartbeatsMayNotKnowWhereToBegin) {
  std::string beat = goHeartbeat("127.0.0.1@unknown");
  const std::string where = "CONSUME_FROM_FIRST_OFFSET";
  beat.replace(beat.find(where), where.size(), "UNKNOWN");
  EXPECT_EQ(broker_->call(kHeartbeat, "", beat, "GO", 317).code, 0);
  EXPECT_EQ(broker_->call(kConsumerList, "{\"consumerGroup\":\"" + group_ + "\"}").body,
            R"({"consumerIdList":["127.0.0.1@unknown"]})");
}

TEST_F(GoClientTest, AReplyToSomebodyWhoHasLeftIsAnsweredWithTheReason) {
  const auto answer = broker_->call(
      324,
      "{\"producerGroup\":\"" + group_ +
          R"(","topic":"DefaultCluster_REPLY_TOPIC","queueId":"0","sysFlag":"0",)"
          R"("bornTimestamp":"1795234400170","flag":"0","defaultTopic":"TBW102",)"
          R"("defaultTopicQueueNums":"4","reconsumeTimes":"0","unitMode":"false","properties":")" +
          jsonEscape(propertyString({{"MSG_TYPE", "reply"},
                                     {"CORRELATION_ID", "c1"},
                                     {"REPLY_TO_CLIENT", "127.0.0.1@gone"},
                                     {"TTL", "8000"}})) +
          "\"}",
      "too late", "GO", 317);
  EXPECT_NE(answer.code, 0);
  EXPECT_NE(answer.remark.find("127.0.0.1@gone"), std::string::npos) << answer.remark;
}

}  // namespace
}  // namespace rocketmq::test

// What rocketmq-client-cpp sends: a newline behind each header, ordinals for enums, numbers and
// texts mixed, signatures without an account.

#include <gtest/gtest.h>

#include <string>

#include "tests/integration/third_party_fixture.h"

namespace rocketmq::test {
namespace {

class CppClientTest : public ThirdPartyClientsTest {};

TEST_F(CppClientTest, SignaturesAreIgnoredWithoutAcl) {
  std::string fields = nodeSend(0, propertyString({{"UNIQ_KEY", "U1"}, {"WAIT", "true"}}));
  fields.pop_back();
  fields +=
      ",\"l\":16,\"Signature\":\"c2lnbmF0dXJl\",\"AccessKey\":\"\",\"OnsChannel\":\"ALIYUN\"}";
  const auto sent = broker_->call(kSendV2, fields, "x", "CPP", 333);
  EXPECT_EQ(sent.code, 0) << sent.remark;
}

TEST_F(CppClientTest, HeaderMayEndWithANewline) {
  broker_->requestHeader("{\"code\":30,\"extFields\":{\"queueId\":0,\"topic\":\"" + topic_ +
                         "\"},\"flag\":0,\"language\":\"CPP\",\"opaque\":77,\"remark\":\"\","
                         "\"version\":333}\n");
  const auto answer = broker_->answer(77);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->code, 0);
}

TEST_F(CppClientTest, HeartbeatWithOrdinalsAndWrongCodesFiltersByText) {
  const auto answer = broker_->call(
      kHeartbeat, "",
      "{\"clientID\":\"127.0.0.1@cpp#1\",\"consumerDataSet\":[{\"groupName\":\"" + group_ +
          "\",\"consumeType\":1,\"messageModel\":1,\"consumeFromWhere\":4,"
          "\"subscriptionDataSet\":[{\"classFilterMode\":false,\"codeSet\":[0],\"subString\":"
          "\"TagA\",\"subVersion\":\"1795234400170\",\"tagsSet\":[\"TagA\"],\"topic\":\"" +
          topic_ + "\"}]}]}\n",
      "CPP", 333);
  ASSERT_EQ(answer.code, 0) << answer.remark;
  send("no", "TagB");
  send("yes", "TagA");
  // Without the text in the pull, the heartbeat's subscription must filter.
  const auto found = broker_->call(
      kPull, pullFields(0, "\"sysFlag\":2,\"suspendTimeoutMillis\":\"1000\",\"subVersion\":\"0\""));
  ASSERT_EQ(found.code, 0) << found.remark;
  const auto messages = decodeMessages(found.body);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].body, "yes");
}

TEST_F(CppClientTest, BatchComesAs310WithTextTrue) {
  // Two elements of 22 + body bytes without properties, magic and CRC 0.
  std::string body;
  for (const std::string text : {"first", "second"}) {
    const char size = static_cast<char>(22 + text.size());
    body += std::string("\0\0\0", 3) + size + std::string(12, '\0') + std::string("\0\0\0", 3) +
            static_cast<char>(text.size()) + text + std::string(2, '\0');
  }
  std::string fields = nodeSend(3, propertyString({{"WAIT", "true"}}));
  fields.pop_back();
  const auto sent = broker_->call(kSendV2, fields + ",\"m\":\"true\"}", body, "CPP", 333);
  ASSERT_EQ(sent.code, 0) << sent.remark;
  EXPECT_EQ(sent.ext.at("msgId").size(), 65u) << "two ids joined with a comma";
  const auto max = broker_->call(kMaxOffset, "{\"topic\":\"" + topic_ + "\",\"queueId\":3}");
  EXPECT_EQ(max.ext.at("offset"), "2");
}

TEST_F(CppClientTest, LocksAreAnsweredWithTheQueuesOwned) {
  const std::string queues =
      "\"mqSet\":[{\"brokerName\":\"broker-a\",\"queueId\":0,\"topic\":\"" + topic_ +
      "\"},{\"brokerName\":\"broker-a\",\"queueId\":1,\"topic\":\"" + topic_ + "\"}]}";
  const auto body = [&](const std::string& client) {
    return "{\"clientId\":\"" + client + "\",\"consumerGroup\":\"" + group_ + "\"," + queues;
  };
  const auto first = broker_->call(kLock, "", body("one"));
  EXPECT_EQ(first.code, 0);
  EXPECT_NE(first.body.find("\"queueId\":0"), std::string::npos) << first.body;
  EXPECT_NE(first.body.find("\"queueId\":1"), std::string::npos) << first.body;
  EXPECT_EQ(broker_->call(kLock, "", body("two")).body, "{\"lockOKMQSet\":[]}");
  EXPECT_EQ(broker_->call(kUnlock, "", body("one")).code, 0);
  EXPECT_NE(broker_->call(kLock, "", body("two")).body.find("\"queueId\":1"), std::string::npos);
}

TEST_F(CppClientTest, HeartbeatsLackTheSetsThatAreEmpty) {
  const std::string producer = ",\"producerDataSet\":[{\"groupName\":\"" + group_ + "\"}]";
  for (const std::string& sets : {std::string(), producer}) {
    const auto answer =
        broker_->call(kHeartbeat, "", R"({"clientID":"127.0.0.1@12#a")" + sets + "}\n", "CPP", 333);
    EXPECT_EQ(answer.code, 0) << answer.remark;
  }
  const auto consumer = broker_->call(
      kHeartbeat, "",
      R"({"clientID":"127.0.0.1@12#a","consumerDataSet":[{"consumeFromWhere":4,"consumeType":1,)"
      R"("groupName":")" +
          group_ + R"(","messageModel":1}]})" + "\n",
      "CPP", 333);
  EXPECT_EQ(consumer.code, 0) << consumer.remark;
  EXPECT_EQ(broker_->call(kConsumerList, "{\"consumerGroup\":\"" + group_ + "\"}").body,
            R"({"consumerIdList":["127.0.0.1@12#a"]})");
}

TEST_F(CppClientTest, UnregistersWithAnEmptyTextForTheOtherGroup) {
  broker_->call(kHeartbeat, "", goHeartbeat("127.0.0.1@leaves"), "CPP", 333);
  const auto answer = broker_->call(kUnregister,
                                    R"({"AccessKey":"","OnsChannel":"ALIYUN","Signature":"x",)"
                                    R"("clientID":"127.0.0.1@leaves","consumerGroup":")" +
                                        group_ + R"(","producerGroup":""})",
                                    {}, "CPP", 333);
  EXPECT_EQ(answer.code, 0) << answer.remark;
  EXPECT_NE(broker_->call(kConsumerList, "{\"consumerGroup\":\"" + group_ + "\"}").code, 0);
}

TEST_F(CppClientTest, TransactionsEndWithAllFieldsAndWithoutTheOnewayFlag) {
  struct Case {
    const char* decision;
    const char* body;
  };
  for (const auto& [decision, body] :
       {Case{"8", "committed"}, Case{"12", "rolled back"}, Case{"0", "not known"}}) {
    const std::string id = std::string("0AF1") + decision;
    const auto half = broker_->call(
        kSendV2,
        nodeSend(
            0,
            propertyString(
                {{"PGROUP", group_}, {"TRAN_MSG", "true"}, {"UNIQ_KEY", id}, {"WAIT", "true"}}),
            4),
        body, "CPP", 333);
    ASSERT_EQ(half.code, 0) << half.remark;
    const std::string offset =
        std::to_string(std::stoull(half.ext.at("msgId").substr(16), nullptr, 16));
    broker_->request(
        kEndTransaction,
        R"({"AccessKey":"","OnsChannel":"ALIYUN","Signature":"x","commitLogOffset":")" + offset +
            R"(","commitOrRollback":")" + decision +
            R"(","fromTransactionCheck":"false","msgId":")" + id + R"(","producerGroup":")" +
            group_ + R"(","tranStateTableOffset":")" + half.ext.at("queueOffset") +
            R"(","transactionId":""})",
        {}, "CPP", 333);
  }
  // Whether the ends are answered is the broker's business: what comes next on the connection is.
  EXPECT_EQ(send("after", "TagA", 1).code, 0);
  const auto messages = messagesIn(topic_);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].body, "committed");
}

TEST_F(CppClientTest, AMessageIsFoundByTheOffsetInItsId) {
  const auto sent = send("found again");
  const std::string offset =
      std::to_string(std::stoull(sent.ext.at("msgId").substr(16), nullptr, 16));
  const auto found = broker_->call(kViewMessage, "{\"offset\":\"" + offset + "\"}", {}, "CPP", 333);
  ASSERT_EQ(found.code, 0) << found.remark;
  EXPECT_EQ(decodeMessages(found.body).at(0).body, "found again");
}

}  // namespace
}  // namespace rocketmq::test

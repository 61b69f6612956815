// What smaller clients send in their own way: NewLife.RocketMQ (.NET) names the members of its
// bodies with capitals and writes True and False; lua-resty-rocketmq takes any connection of a pool
// for each request; Python's json puts blanks everywhere.

#include <gtest/gtest.h>

#include <string>

#include "tests/integration/third_party_fixture.h"

namespace rocketmq::test {
namespace {

class OtherClientsTest : public ThirdPartyClientsTest {};

TEST_F(OtherClientsTest, DotnetNamesTheMembersOfBodiesWithCapitals) {
  const auto beat = broker_->call(
      kHeartbeat, "",
      R"({"ClientID":"10.0.0.1@net","ProducerDataSet":[{"GroupName":"CLIENT_INNER_PRODUCER"}],)"
      R"("ConsumerDataSet":[{"ConsumeFromWhere":"CONSUME_FROM_FIRST_OFFSET","ConsumeType":)"
      R"("CONSUME_ACTIVELY","GroupName":")" +
          group_ + R"(","MessageModel":"CLUSTERING","SubscriptionDataSet":[{"Topic":")" + topic_ +
          R"(","ExpressionType":"TAG","SubString":"TagA","ClassFilterMode":false,"SubVersion":)"
          R"(638700000000000000}],"UnitMode":false}]})",
      "DOTNET", 275);
  ASSERT_EQ(beat.code, 0) << beat.remark;
  const std::string group = "{\"consumerGroup\":\"" + group_ + "\"}";
  EXPECT_EQ(broker_->call(kConsumerList, group).body, R"({"consumerIdList":["10.0.0.1@net"]})");
  // Its booleans are texts with a capital, and its requests carry a remark.
  const auto ask = [&](int code, const std::string& fields, int opaque) {
    broker_->requestHeader("{\"code\":" + std::to_string(code) + ",\"extFields\":" + fields +
                               R"(,"flag":0,"language":"DOTNET","opaque":)" +
                               std::to_string(opaque) +
                               R"(,"serializeTypeCurrentRPC":"JSON","version":275,"remark":"X"})",
                           "from .NET");
    return broker_->answer(opaque);
  };
  const auto sent =
      ask(kSendV2,
          "{\"a\":\"" + group_ + "\",\"b\":\"" + topic_ +
              R"(","c":"TBW102","d":"4","e":"0","f":"0","g":"1795234400170",)"
              R"("h":"0","i":")" +
              jsonEscape(propertyString({{"TAGS", "TagA"}})) + R"(","j":"0","k":"False"})",
          901);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->code, 0) << sent->remark;
  EXPECT_EQ(messagesIn(topic_).size(), 1u);
  // It leaves with names that nobody knows, as Java does not: that must not be an error.
  const auto left = ask(kUnregister,
                        R"({"ClientId":"10.0.0.1@net","ProducerGroup":")" + group_ +
                            R"(","ConsumerGroup":")" + group_ + "\"}",
                        902);
  ASSERT_TRUE(left);
  EXPECT_EQ(left->code, 0) << left->remark;
}

TEST_F(OtherClientsTest, LuaTakesAnyConnectionForEachRequest) {
  RawClient heart(cluster_->brokerPort());
  EXPECT_EQ(heart.call(kHeartbeat, "", goHeartbeat("127.0.0.1@77#1", "TagA"), "other", 373).code,
            0);
  send("no", "TagB");
  send("yes", "TagA");
  RawClient puller(cluster_->brokerPort());
  const auto found = puller.call(
      kPull,
      pullFields(0, R"("sysFlag":2,"suspendTimeoutMillis":15000,"subVersion":1795234400170)"), {},
      "other", 373);
  ASSERT_EQ(found.code, 0) << found.remark;
  EXPECT_EQ(decodeMessages(found.body).at(0).body, "yes");
  RawClient updater(cluster_->brokerPort());
  updater.request(kUpdateOffset, queueFields(0, groupField() + ",\"commitOffset\":2"), {}, "other",
                  373, 2);
  EXPECT_TRUE(eventually([&] { return positionIn(0) == "2"; }));
}

TEST_F(OtherClientsTest, PythonPutsBlanksIntoHeadersAndBodies) {
  broker_->requestHeader(
      R"({"code": 34, "extFields": null, "flag": 0, "language": "PYTHON", "opaque": 903, )"
      R"("serializeTypeCurrentRPC": "JSON", "version": 1, "remark": null})",
      R"({"clientID": "10.0.0.1@py", "producerDataSet": [{"groupName": "P"}], )"
      R"("consumerDataSet": [{"groupName": ")" +
          group_ +
          R"(", "consumeType": "CONSUME_PASSIVELY", "messageModel": "CLUSTERING", )"
          R"("consumeFromWhere": "CONSUME_FROM_LAST_OFFSET", "subscriptionDataSet": [{"topic": ")" +
          topic_ +
          R"(", "subString": "*", "tagsSet": [], "codeSet": [], "subVersion": 0, )"
          R"("classFilterMode": false, "expressionType": "TAG"}], "unitMode": false}]})");
  const auto beat = broker_->answer(903);
  ASSERT_TRUE(beat);
  EXPECT_EQ(beat->code, 0) << beat->remark;
  EXPECT_EQ(broker_->call(kConsumerList, "{\"consumerGroup\": \"" + group_ + "\"}").body,
            R"({"consumerIdList":["10.0.0.1@py"]})");
}

}  // namespace
}  // namespace rocketmq::test

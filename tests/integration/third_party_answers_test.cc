// What clients in all languages need from a server's answers, and what would break one of them.

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/integration/third_party_fixture.h"

namespace rocketmq::test {
namespace {

class ThirdPartyAnswersTest : public ThirdPartyClientsTest {};

TEST_F(ThirdPartyAnswersTest, AnswersAreJsonWithStringFieldsAndASmallVersion) {
  const auto sent = send("body");
  EXPECT_EQ(sent.code, 0) << sent.remark;
  EXPECT_EQ(sent.serialize_type, 0);
  EXPECT_TRUE(sent.ext_all_strings) << sent.header_text;
  EXPECT_GT(sent.version, 0);
  EXPECT_LE(sent.version, 32767);
  EXPECT_EQ(sent.version, 409);
  for (const char* name : {"msgId", "queueId", "queueOffset"}) {
    EXPECT_TRUE(sent.ext.contains(name)) << name;
  }
  EXPECT_EQ(sent.ext.at("msgId").size(), 32u);
  EXPECT_EQ(sent.ext.at("msgId").find_first_not_of("0123456789ABCDEF"), std::string::npos);
  EXPECT_EQ(sent.ext.at("msgId").substr(0, 8), "7F000001");
}

TEST_F(ThirdPartyAnswersTest, SuccessOfOffsetAndLockRequestsCarriesTheFieldsThatClientsRead) {
  send("one");
  const std::string queue = "{\"topic\":\"" + topic_ + "\",\"queueId\":0";
  for (const int code : {kMaxOffset, kMinOffset}) {
    const auto answer = broker_->call(code, queue + "}");
    EXPECT_EQ(answer.code, 0);
    ASSERT_TRUE(answer.ext.contains("offset")) << code;
    EXPECT_EQ(answer.ext.at("offset"), code == kMaxOffset ? "1" : "0");
  }
  const auto found = broker_->call(kSearchOffset, queue + ",\"timestamp\":\"0\"}");
  EXPECT_EQ(found.code, 0);
  EXPECT_EQ(found.ext.at("offset"), "0");
}

TEST_F(ThirdPartyAnswersTest, RouteHasNoBlanksAndBothKeyForms) {
  ASSERT_TRUE(eventually(
      [&] { return namesrv_->call(kRoute, "{\"topic\":\"" + topic_ + "\"}").code == 0; }));
  const auto old_client = namesrv_->call(kRoute, "{\"topic\":\"" + topic_ + "\"}", {}, "CPP", 333);
  EXPECT_EQ(old_client.body.find(' '), std::string::npos) << old_client.body;
  EXPECT_NE(old_client.body.find("{0:\"" + cluster_->brokerAddr() + "\"}"), std::string::npos)
      << old_client.body;
  const auto new_client = namesrv_->call(kRoute, "{\"topic\":\"" + topic_ + "\"}", {}, "JAVA", 409);
  EXPECT_EQ(new_client.body.find(' '), std::string::npos);
  EXPECT_NE(new_client.body.find("{\"0\":\"" + cluster_->brokerAddr() + "\"}"), std::string::npos)
      << new_client.body;
}

TEST_F(ThirdPartyAnswersTest, UnknownTopicHasNoRoute) {
  EXPECT_EQ(namesrv_->call(kRoute, "{\"topic\":\"NobodyKnows\"}").code, kTopicNotExist);
}

// 1.1: requests with flag 0 that Java sends one-way may be answered, and must not disturb.
TEST_F(ThirdPartyAnswersTest, OffsetUpdatesWithoutOnewayFlagAreAnswered) {
  const auto answer =
      broker_->call(kUpdateOffset, "{\"consumerGroup\":\"" + group_ + "\",\"topic\":\"" + topic_ +
                                       "\",\"queueId\":0,\"commitOffset\":\"0\"}");
  EXPECT_TRUE(answer.code == 0 || answer.code == 26) << answer.remark;
}

TEST_F(ThirdPartyAnswersTest, OnewayRequestsAreNeverAnswered) {
  broker_->request(kSendV2, nodeSend(1, propertyString({{"TAGS", "a"}})), "oneway", "JAVA", 409, 2);
  broker_->request(987, "{}", {}, "JAVA", 409, 2);  // Nor is an error.
  broker_->request(kPull, "{}", {}, "JAVA", 409, 2);
  const auto next = broker_->call(kMaxOffset, "{\"topic\":\"" + topic_ + "\",\"queueId\":1}");
  EXPECT_EQ(broker_->arrived().size(), 2u);  // createTopic's and this one.
  EXPECT_EQ(next.ext.at("offset"), "1");
}

TEST_F(ThirdPartyAnswersTest, AHeldPullDoesNotBlockOtherAnswersOnItsConnection) {
  broker_->call(kHeartbeat, "", goHeartbeat("127.0.0.1@held"));
  const int held = broker_->request(
      kPull, pullFields(0,
                        "\"sysFlag\":6,\"suspendTimeoutMillis\":15000,\"subscription\":\"*\","
                        "\"subVersion\":1"));
  EXPECT_EQ(broker_->call(kMaxOffset, "{\"topic\":\"" + topic_ + "\",\"queueId\":0}").code, 0);
  EXPECT_FALSE(broker_->readable(50));
  RawClient producer(cluster_->brokerPort());
  producer.call(kSendV2, nodeSend(0, ""), "wakes it");
  const auto answer = broker_->answer(held);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->code, 0);
  expectPullFields(*answer);
  EXPECT_EQ(decodeMessages(answer->body).at(0).body, "wakes it");
}

TEST_F(ThirdPartyAnswersTest, PullAnswersAlwaysCarryTheFourOffsets) {
  const std::string now =
      "\"sysFlag\":4,\"suspendTimeoutMillis\":0,\"subscription\":\"*\",\"subVersion\":0";
  const auto empty = broker_->call(kPull, pullFields(0, now));
  EXPECT_EQ(empty.code, kPullNotFound);
  expectPullFields(empty);
  send("one");
  const auto found = broker_->call(kPull, pullFields(0, now));
  EXPECT_EQ(found.code, 0);
  expectPullFields(found);
  EXPECT_EQ(found.ext.at("nextBeginOffset"), "1");
  const auto at_end = broker_->call(kPull, pullFields(1, now));
  EXPECT_EQ(at_end.code, kPullNotFound);
  expectPullFields(at_end);
  const auto beyond = broker_->call(kPull, pullFields(99, now));
  EXPECT_EQ(beyond.code, kPullOffsetMoved);
  expectPullFields(beyond);
  EXPECT_EQ(beyond.ext.at("nextBeginOffset"), "1");
  const auto filtered = broker_->call(
      kPull, pullFields(0,
                        "\"sysFlag\":4,\"suspendTimeoutMillis\":0,\"subscription\":\"Other\","
                        "\"subVersion\":0"));
  EXPECT_EQ(filtered.code, 20);
  expectPullFields(filtered);
}

TEST_F(ThirdPartyAnswersTest, StoredMessagesAreV1WithIpv4Hosts) {
  send("body");
  const auto found = broker_->call(
      kPull, pullFields(0,
                        "\"sysFlag\":4,\"suspendTimeoutMillis\":0,\"subscription\":\"*\","
                        "\"subVersion\":0"));
  const auto messages = decodeMessages(found.body);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].magic, 0xDAA320A7u);
  EXPECT_EQ(messages[0].topic, topic_);
  EXPECT_EQ(messages[0].properties.at("CLUSTER"), "DefaultCluster");
}

TEST_F(ThirdPartyAnswersTest, QueryOfAnUnknownOffsetIsNotFoundOrZero) {
  const auto answer =
      broker_->call(kQueryOffset, "{\"consumerGroup\":\"" + group_ + "\",\"topic\":\"" + topic_ +
                                      "\",\"queueId\":0}");
  if (answer.code == 0) {
    EXPECT_EQ(answer.ext.at("offset"), "0");
  } else {
    EXPECT_EQ(answer.code, kQueryNotFound);
  }
}

TEST_F(ThirdPartyAnswersTest, HeartbeatCreatesAndRegistersTheRetryTopicAtOnce) {
  EXPECT_EQ(broker_->call(kHeartbeat, "", goHeartbeat("127.0.0.1@retry")).code, 0);
  const std::string route = "{\"topic\":\"%RETRY%" + group_ + "\"}";
  ASSERT_TRUE(
      eventually([&] { return namesrv_->call(kRoute, route).code == 0; }, std::chrono::seconds(2)));
  const auto answer = namesrv_->call(kRoute, route);
  EXPECT_NE(answer.body.find("\"readQueueNums\":1"), std::string::npos) << answer.body;
}

TEST_F(ThirdPartyAnswersTest, MembersAreToldOfAChangeBeforeTheHeartbeatIsAnswered) {
  EXPECT_EQ(broker_->call(kHeartbeat, "", goHeartbeat("127.0.0.1@one")).code, 0);
  const auto& arrived = broker_->arrived();
  ASSERT_GE(arrived.size(), 3u);
  const auto& pushed = arrived[arrived.size() - 2];
  EXPECT_EQ(pushed.code, kNotifyIdsChanged);
  EXPECT_EQ(pushed.flag, 2);
  EXPECT_EQ(pushed.ext.at("consumerGroup"), group_);
  EXPECT_TRUE(arrived.back().isResponse());

  RawClient second(cluster_->brokerPort());
  second.call(kHeartbeat, "", goHeartbeat("127.0.0.1@two"));
  broker_->takeRequest();
  const auto told = broker_->takeRequest();
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(told->code, kNotifyIdsChanged);
}

TEST_F(ThirdPartyAnswersTest, ConsumerListIsThereWhenTheHeartbeatHasBeenAnswered) {
  broker_->call(kHeartbeat, "", goHeartbeat("127.0.0.1@list"));
  const auto list = broker_->call(kConsumerList, "{\"consumerGroup\":\"" + group_ + "\"}");
  EXPECT_EQ(list.code, 0);
  EXPECT_EQ(list.body, "{\"consumerIdList\":[\"127.0.0.1@list\"]}");
}

TEST_F(ThirdPartyAnswersTest, UnknownRequestCodeIsSaidSo) {
  const auto broker = broker_->call(9999, "{}");
  EXPECT_EQ(broker.code, 3);
  EXPECT_EQ(broker.remark, " request type 9999 not supported");
  EXPECT_EQ(namesrv_->call(9999, "{}").code, 3);
}

TEST_F(ThirdPartyAnswersTest, MissingAndBadFieldsAreNamed) {
  const auto missing = broker_->call(kMaxOffset, "{\"topic\":\"" + topic_ + "\"}");
  EXPECT_EQ(missing.code, 1);
  EXPECT_NE(missing.remark.find("queueId"), std::string::npos) << missing.remark;
  const auto bad =
      broker_->call(kMaxOffset, "{\"topic\":\"" + topic_ + "\",\"queueId\":\"three\"}");
  EXPECT_EQ(bad.code, 1);
  EXPECT_NE(bad.remark.find("queueId"), std::string::npos) << bad.remark;
}

TEST_F(ThirdPartyAnswersTest, ABrokenFrameClosesItsConnectionOnly) {
  const std::string frames[] = {
      std::string("\xff\xff\xff\xff", 4) + "negative length",
      std::string("\x7f\xff\xff\xff", 4) + "two gigabytes",
      std::string("\0\0\0\x08\0\0\xff\xff", 8) + "header longer than frame",
      std::string("\0\0\0\x0a\x07\0\0\x02{}1234", 14),
      std::string("\0\0\0\x0a\0\0\0\x06{\"code", 14),
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
  };
  for (const std::string& bytes : frames) {
    RawClient broken(cluster_->brokerPort());
    broken.write(bytes);
    EXPECT_TRUE(broken.closedByServer()) << bytes;
    EXPECT_EQ(send("still here").code, 0);
  }
}

TEST_F(ThirdPartyAnswersTest, AnOpaqueComesBackWhateverItIsAndMayBeUsedTwice) {
  const auto ask = [&](const std::string& opaque) {
    broker_->requestHeader(R"({"code":30,"extFields":)" + queueFields(0) +
                           R"(,"flag":0,"language":"CPP","opaque":)" + opaque +
                           R"(,"version":333})");
  };
  for (const int opaque : {0, 2147483647, -1, -2147483647 - 1}) {
    ask(std::to_string(opaque));
    const auto answer = broker_->answer(opaque);
    ASSERT_TRUE(answer) << opaque;
    EXPECT_EQ(answer->code, 0);
  }
  ask("7");
  ask("7");
  EXPECT_TRUE(broker_->answer(7));
  EXPECT_TRUE(broker_->answer(7));
  ask("\"8\"");  // As a text, which fastjson takes too.
  EXPECT_TRUE(broker_->answer(8));
}

TEST_F(ThirdPartyAnswersTest, ClientsOfEveryLanguageAreServedAndListedAsWhatTheyAre) {
  const std::map<std::string, std::string> shown = {
      {"JAVA", "JAVA"}, {"CPP", "CPP"},       {"DOTNET", "DOTNET"}, {"PYTHON", "PYTHON"},
      {"GO", "GO"},     {"PHP", "PHP"},       {"RUST", "RUST"},     {"NODE_JS", "NODE_JS"},
      {"HTTP", "HTTP"}, {"ERLANG", "ERLANG"}, {"SWIFT", "OTHER"},   {"", "OTHER"}};
  for (const auto& [language, listed] : shown) {
    SCOPED_TRACE(language);
    RawClient client(cluster_->brokerPort());
    const auto beat =
        client.call(kHeartbeat, "", goHeartbeat("127.0.0.1@" + language), language, 345);
    EXPECT_EQ(beat.code, 0) << beat.remark;
    const auto members =
        client.call(kConnectionList, "{\"consumerGroup\":\"" + group_ + "\"}", {}, language, 345);
    EXPECT_NE(members.body.find("\"clientId\":\"127.0.0.1@" + language + "\",\"language\":\"" +
                                listed + "\",\"version\":345"),
              std::string::npos)
        << members.body;
  }
}

TEST_F(ThirdPartyAnswersTest, HeadersMayLackWhatHasADefault) {
  broker_->requestHeader(R"({"code":30,"opaque":5,"extFields":)" + queueFields(0) + "}");
  const auto bare = broker_->answer(5);
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->code, 0) << bare->remark;
  // Fields that not all versions send, and some that only hooks and newer versions do.
  const auto v2 = broker_->call(
      kSendV2, "{\"a\":\"" + group_ + "\",\"b\":\"" + topic_ +
                   R"(","c":"TBW102","d":"4","e":"1","f":"0","g":"1795234400170","h":"0"})");
  EXPECT_EQ(v2.code, 0) << v2.remark;
  const auto v1 = broker_->call(
      kSendV1, "{\"producerGroup\":\"" + group_ + "\",\"topic\":\"" + topic_ +
                   R"(","defaultTopic":"TBW102","defaultTopicQueueNums":"4","queueId":"1",)"
                   R"("sysFlag":"0","bornTimestamp":"1795234400170","flag":"0"})");
  EXPECT_EQ(v1.code, 0) << v1.remark;
  const auto newer = broker_->call(
      kMaxOffset,
      queueFields(1, R"(,"ns":"","nsd":"false","bname":"broker-a","oway":"false",)"
                     R"("lo":"false","ReqT":"0","committed":null,"unheardOf":{"a":[1]})"));
  EXPECT_EQ(newer.code, 0) << newer.remark;
  EXPECT_EQ(newer.ext.at("offset"), "2");
  EXPECT_EQ(messagesIn(topic_, 1).size(), 2u);
}

TEST_F(ThirdPartyAnswersTest, CompressedBodiesComeBackAsTheyWereSent) {
  const std::string bytes("\x78\x9c not really zlib: nobody but consumers looks \x00\xff", 51);
  EXPECT_EQ(broker_->call(kSendV2, nodeSend(0, "", 1), bytes).code, 0);
  const auto messages = messagesIn(topic_);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].body, bytes);
  EXPECT_EQ(messages[0].sys_flag & 1, 1);
}

/// Old clients send to two below the port of the route.
TEST_F(ThirdPartyAnswersTest, TheVipChannelTakesSends) {
  RawClient vip(static_cast<uint16_t>(cluster_->brokerPort() - 2));
  EXPECT_EQ(vip.call(kSendV2, nodeSend(0, ""), "by the VIP channel").code, 0);
  EXPECT_EQ(messagesIn(topic_).size(), 1u);
}

}  // namespace
}  // namespace rocketmq::test

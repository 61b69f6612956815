// What clients in other languages need from a server, each line played by a raw socket: the exact
// header texts that ali-ons (Node), rocketmq-client-cpp and rocketmq-client-go send, and the
// answers that would break them.

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

#include "tests/integration/shared_cluster.h"
#include "tests/support/daemon.h"
#include "tests/support/raw_client.h"

namespace rocketmq::test {
namespace {

constexpr int kSendV1 = 10;
constexpr int kPull = 11;
constexpr int kQueryOffset = 14;
constexpr int kUpdateOffset = 15;
constexpr int kCreateTopic = 17;
constexpr int kSearchOffset = 29;
constexpr int kMaxOffset = 30;
constexpr int kMinOffset = 31;
constexpr int kHeartbeat = 34;
constexpr int kUnregister = 35;
constexpr int kSendBack = 36;
constexpr int kConsumerList = 38;
constexpr int kNotifyIdsChanged = 40;
constexpr int kLock = 41;
constexpr int kUnlock = 42;
constexpr int kRoute = 105;
constexpr int kTopicList = 206;
constexpr int kSendV2 = 310;
constexpr int kSendBatch = 320;

constexpr int kTopicNotExist = 17;
constexpr int kPullNotFound = 19;
constexpr int kPullOffsetMoved = 21;
constexpr int kQueryNotFound = 22;

class ThirdPartyClientsTest : public SharedCluster {
 protected:
  void SetUp() override {
    broker_ = std::make_unique<RawClient>(cluster_->brokerPort());
    namesrv_ = std::make_unique<RawClient>(cluster_->namesrvPort());
    const std::string test = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    topic_ = "T_" + test;
    group_ = "G_" + test;
    const auto created = broker_->call(
        kCreateTopic, "{\"topic\":\"" + topic_ +
                          "\",\"defaultTopic\":\"defaultTopic\",\"readQueueNums\":\"4\","
                          "\"writeQueueNums\":\"4\",\"perm\":\"6\",\"topicFilterType\":"
                          "\"SINGLE_TAG\",\"topicSysFlag\":\"0\",\"order\":\"false\"}");
    ASSERT_EQ(created.code, 0) << created.remark;
  }

  /// extFields of a send as ali-ons writes them: raw numbers and booleans.
  std::string nodeSend(int queue, const std::string& properties, int sys_flag = 0) const {
    return "{\"a\":\"" + group_ + "\",\"b\":\"" + topic_ +
           "\",\"c\":\"TBW102\",\"d\":4,\"e\":" + std::to_string(queue) +
           ",\"f\":" + std::to_string(sys_flag) + ",\"g\":1795234400170,\"h\":0,\"i\":\"" +
           jsonEscape(properties) + "\",\"j\":0,\"k\":false}";
  }

  RawClient::Frame send(const std::string& body, const std::string& tag = "TagA", int queue = 0) {
    return broker_->call(kSendV2, nodeSend(queue, propertyString({{"TAGS", tag}})), body);
  }

  std::string pullFields(int64_t offset, const std::string& more, int queue = 0,
                         const std::string& topic = "") const {
    return "{\"consumerGroup\":\"" + group_ + "\",\"topic\":\"" + (topic.empty() ? topic_ : topic) +
           "\",\"queueId\":" + std::to_string(queue) + ",\"queueOffset\":\"" +
           std::to_string(offset) + "\",\"maxMsgNums\":32,\"commitOffset\":\"0\"," + more + "}";
  }

  /// A heartbeat as Go writes it: names for enums, codes as strings, versions in nanoseconds.
  std::string goHeartbeat(const std::string& client_id, const std::string& tag = "*") const {
    const std::string tags = tag == "*" ? "" : "\"" + tag + "\"";
    return "{\"clientID\":\"" + client_id + "\",\"producerDataSet\":[{\"groupName\":\"" + group_ +
           "_p\"}],\"consumerDataSet\":[{\"groupName\":\"" + group_ +
           "\",\"consumeType\":\"CONSUME_PASSIVELY\",\"messageModel\":\"CLUSTERING\","
           "\"consumeFromWhere\":\"CONSUME_FROM_FIRST_OFFSET\",\"subscriptionDataSet\":["
           "{\"classFilterMode\":false,\"topic\":\"" +
           topic_ + "\",\"subString\":\"" + tag + "\",\"tagsSet\":[" + tags + "],\"codeSet\":[" +
           (tags.empty() ? "" : "\"2598919\"") +
           "],\"subVersion\":1795234486622822784,\"expressionType\":\"TAG\"}],"
           "\"unitMode\":false}]}";
  }

  std::unique_ptr<RawClient> broker_;
  std::unique_ptr<RawClient> namesrv_;
  std::string topic_;
  std::string group_;
};

void expectPullFields(const RawClient::Frame& answer) {
  for (const char* name : {"nextBeginOffset", "minOffset", "maxOffset", "suggestWhichBrokerId"}) {
    EXPECT_TRUE(answer.ext.contains(name)) << name << " in " << answer.header_text;
  }
  EXPECT_TRUE(answer.ext_all_strings) << answer.header_text;
}

// 1.1, 1.2: the answers themselves.

TEST_F(ThirdPartyClientsTest, AnswersAreJsonWithStringFieldsAndASmallVersion) {
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

TEST_F(ThirdPartyClientsTest, SuccessOfOffsetAndLockRequestsCarriesTheFieldsThatClientsRead) {
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

TEST_F(ThirdPartyClientsTest, RouteHasNoBlanksAndBothKeyForms) {
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

TEST_F(ThirdPartyClientsTest, UnknownTopicHasNoRoute) {
  EXPECT_EQ(namesrv_->call(kRoute, "{\"topic\":\"NobodyKnows\"}").code, kTopicNotExist);
}

// 1.1: requests with flag 0 that Java sends one-way may be answered, and must not disturb.
TEST_F(ThirdPartyClientsTest, OffsetUpdatesWithoutOnewayFlagAreAnswered) {
  const auto answer =
      broker_->call(kUpdateOffset, "{\"consumerGroup\":\"" + group_ + "\",\"topic\":\"" + topic_ +
                                       "\",\"queueId\":0,\"commitOffset\":\"0\"}");
  EXPECT_TRUE(answer.code == 0 || answer.code == 26) << answer.remark;
}

TEST_F(ThirdPartyClientsTest, OnewayRequestsAreNeverAnswered) {
  broker_->request(kSendV2, nodeSend(1, propertyString({{"TAGS", "a"}})), "oneway", "JAVA", 409, 2);
  broker_->request(987, "{}", {}, "JAVA", 409, 2);  // Nor is an error.
  broker_->request(kPull, "{}", {}, "JAVA", 409, 2);
  const auto next = broker_->call(kMaxOffset, "{\"topic\":\"" + topic_ + "\",\"queueId\":1}");
  EXPECT_EQ(broker_->arrived().size(), 2u);  // createTopic's and this one.
  EXPECT_EQ(next.ext.at("offset"), "1");
}

TEST_F(ThirdPartyClientsTest, AHeldPullDoesNotBlockOtherAnswersOnItsConnection) {
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

TEST_F(ThirdPartyClientsTest, PullAnswersAlwaysCarryTheFourOffsets) {
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

TEST_F(ThirdPartyClientsTest, StoredMessagesAreV1WithIpv4Hosts) {
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

TEST_F(ThirdPartyClientsTest, QueryOfAnUnknownOffsetIsNotFoundOrZero) {
  const auto answer =
      broker_->call(kQueryOffset, "{\"consumerGroup\":\"" + group_ + "\",\"topic\":\"" + topic_ +
                                      "\",\"queueId\":0}");
  if (answer.code == 0) {
    EXPECT_EQ(answer.ext.at("offset"), "0");
  } else {
    EXPECT_EQ(answer.code, kQueryNotFound);
  }
}

TEST_F(ThirdPartyClientsTest, HeartbeatCreatesAndRegistersTheRetryTopicAtOnce) {
  EXPECT_EQ(broker_->call(kHeartbeat, "", goHeartbeat("127.0.0.1@retry")).code, 0);
  const std::string route = "{\"topic\":\"%RETRY%" + group_ + "\"}";
  ASSERT_TRUE(
      eventually([&] { return namesrv_->call(kRoute, route).code == 0; }, std::chrono::seconds(2)));
  const auto answer = namesrv_->call(kRoute, route);
  EXPECT_NE(answer.body.find("\"readQueueNums\":1"), std::string::npos) << answer.body;
}

TEST_F(ThirdPartyClientsTest, MembersAreToldOfAChangeBeforeTheHeartbeatIsAnswered) {
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

TEST_F(ThirdPartyClientsTest, ConsumerListIsThereWhenTheHeartbeatHasBeenAnswered) {
  broker_->call(kHeartbeat, "", goHeartbeat("127.0.0.1@list"));
  const auto list = broker_->call(kConsumerList, "{\"consumerGroup\":\"" + group_ + "\"}");
  EXPECT_EQ(list.code, 0);
  EXPECT_EQ(list.body, "{\"consumerIdList\":[\"127.0.0.1@list\"]}");
}

// 1.3: ali-ons.

TEST_F(ThirdPartyClientsTest, NodeMessagesWithoutUniqueKeyAndOddTagsAreStored) {
  const auto sent =
      broker_->call(kSendV2, nodeSend(0, propertyString({{"TAGS", "undefined"}})), "x");
  EXPECT_EQ(sent.code, 0) << sent.remark;
  const auto empty_name = broker_->call(kSendV2, nodeSend(0, "\x02"), "y");
  EXPECT_EQ(empty_name.code, 0) << empty_name.remark;
}

TEST_F(ThirdPartyClientsTest, NodeOversizeBodyIsRefusedWith13OnTheSameConnection) {
  const auto answer =
      broker_->call(kSendV2, nodeSend(0, ""), std::string(4 * 1024 * 1024 + 1, 'x'));
  EXPECT_EQ(answer.code, 13) << answer.remark;
  EXPECT_EQ(send("small").code, 0);
}

TEST_F(ThirdPartyClientsTest, NodeHeartbeatOfItsInnerProducerIsAccepted) {
  const auto answer = broker_->call(
      kHeartbeat, "",
      "{\"clientID\":\"127.0.0.1@DEFAULT\",\"consumerDataSet\":[],\"producerDataSet\":"
      "[{\"groupName\":\"CLIENT_INNER_PRODUCER\"}]}");
  EXPECT_EQ(answer.code, 0) << answer.remark;
}

TEST_F(ThirdPartyClientsTest, NodeUnregisterWithoutOneOfTheGroupsIsAccepted) {
  broker_->call(kHeartbeat, "", goHeartbeat("127.0.0.1@leaves"));
  const auto answer = broker_->call(
      kUnregister, "{\"clientID\":\"127.0.0.1@leaves\",\"consumerGroup\":\"" + group_ + "\"}");
  EXPECT_EQ(answer.code, 0) << answer.remark;
  EXPECT_NE(broker_->call(kConsumerList, "{\"consumerGroup\":\"" + group_ + "\"}").code, 0);
}

TEST_F(ThirdPartyClientsTest, NodeCommitOfMinusOneIsNotAPosition) {
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

TEST_F(ThirdPartyClientsTest, NodeSendBackBringsTheMessageToTheRetryTopic) {
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

// 1.4: rocketmq-client-cpp.

TEST_F(ThirdPartyClientsTest, CppSignaturesAreIgnoredWithoutAcl) {
  std::string fields = nodeSend(0, propertyString({{"UNIQ_KEY", "U1"}, {"WAIT", "true"}}));
  fields.pop_back();
  fields +=
      ",\"l\":16,\"Signature\":\"c2lnbmF0dXJl\",\"AccessKey\":\"\",\"OnsChannel\":\"ALIYUN\"}";
  const auto sent = broker_->call(kSendV2, fields, "x", "CPP", 333);
  EXPECT_EQ(sent.code, 0) << sent.remark;
}

TEST_F(ThirdPartyClientsTest, CppHeaderMayEndWithANewline) {
  broker_->requestHeader("{\"code\":30,\"extFields\":{\"queueId\":0,\"topic\":\"" + topic_ +
                         "\"},\"flag\":0,\"language\":\"CPP\",\"opaque\":77,\"remark\":\"\","
                         "\"version\":333}\n");
  const auto answer = broker_->answer(77);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->code, 0);
}

TEST_F(ThirdPartyClientsTest, CppHeartbeatWithOrdinalsAndWrongCodesFiltersByText) {
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

TEST_F(ThirdPartyClientsTest, CppBatchComesAs310WithTextTrue) {
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

TEST_F(ThirdPartyClientsTest, CppLocksAreAnsweredWithTheQueuesOwned) {
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

// 1.5: rocketmq-client-go.

TEST_F(ThirdPartyClientsTest, GoSendsWithLongNames) {
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

TEST_F(ThirdPartyClientsTest, GoBatchAnswersIdsJoinedWithCommas) {
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

TEST_F(ThirdPartyClientsTest, GoPullsWithoutSubscriptionUseTheHeartbeat) {
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

TEST_F(ThirdPartyClientsTest, PullWithoutAnySubscriptionIs24) {
  const auto refused = broker_->call(
      kPull, pullFields(0, "\"sysFlag\":2,\"suspendTimeoutMillis\":1000,\"subVersion\":0"));
  EXPECT_EQ(refused.code, 24) << refused.remark;
}

TEST_F(ThirdPartyClientsTest, GoClientThatOnlyClosesItsConnectionLeavesItsGroup) {
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

TEST_F(ThirdPartyClientsTest, GoFindsTheReplyTopicAndItsListRequests) {
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

TEST_F(ThirdPartyClientsTest, GoRepliesReachTheRequestersConnection) {
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

// The protocol core, as the fact sheet's section 1 has it.

TEST_F(ThirdPartyClientsTest, UnknownRequestCodeIsSaidSo) {
  const auto broker = broker_->call(9999, "{}");
  EXPECT_EQ(broker.code, 3);
  EXPECT_EQ(broker.remark, " request type 9999 not supported");
  EXPECT_EQ(namesrv_->call(9999, "{}").code, 3);
}

TEST_F(ThirdPartyClientsTest, MissingAndBadFieldsAreNamed) {
  const auto missing = broker_->call(kMaxOffset, "{\"topic\":\"" + topic_ + "\"}");
  EXPECT_EQ(missing.code, 1);
  EXPECT_NE(missing.remark.find("queueId"), std::string::npos) << missing.remark;
  const auto bad =
      broker_->call(kMaxOffset, "{\"topic\":\"" + topic_ + "\",\"queueId\":\"three\"}");
  EXPECT_EQ(bad.code, 1);
  EXPECT_NE(bad.remark.find("queueId"), std::string::npos) << bad.remark;
}

TEST_F(ThirdPartyClientsTest, ABrokenFrameClosesItsConnectionOnly) {
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

}  // namespace
}  // namespace rocketmq::test

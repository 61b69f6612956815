// What Java clients of 4.x and 5.x send that no other does: ROCKETMQ headers, fingerprints in
// heartbeats, lite pulls. Clients in Rust, PHP and .NET follow them.

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/integration/third_party_fixture.h"

namespace rocketmq::test {
namespace {

constexpr int kLitePull = 361;
constexpr int kBinary = 1;

std::string number16(int value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value)};
}
std::string number32(size_t value) {
  return number16(static_cast<int>(value >> 16)) + number16(static_cast<int>(value & 0xFFFF));
}

/// A ROCKETMQ header by hand, as with -Drocketmq.serialize.type=ROCKETMQ.
std::string binaryHeader(int code, int opaque,
                         const std::vector<std::pair<std::string, std::string>>& fields,
                         int language = 0) {
  std::string entries;
  for (const auto& [name, value] : fields) {
    entries += number16(static_cast<int>(name.size())) + name + number32(value.size()) + value;
  }
  return number16(code) + static_cast<char>(language) + number16(409) +
         number32(static_cast<size_t>(opaque)) + number32(0) + number32(0) +
         number32(entries.size()) + entries;
}

class JavaClientTest : public ThirdPartyClientsTest {};

TEST_F(JavaClientTest, RocketmqHeadersAreAnsweredInKindAlsoByAPullThatWaited) {
  broker_->requestHeader(binaryHeader(kPull, 1,
                                      {{"consumerGroup", group_},
                                       {"topic", topic_},
                                       {"queueId", "0"},
                                       {"queueOffset", "0"},
                                       {"maxMsgNums", "32"},
                                       {"sysFlag", "6"},
                                       {"commitOffset", "0"},
                                       {"suspendTimeoutMillis", "15000"},
                                       {"subscription", "*"},
                                       {"subVersion", "0"},
                                       {"expressionType", "TAG"}}),
                         {}, kBinary);
  broker_->requestHeader(binaryHeader(kSendV2, 2,
                                      {{"a", group_},
                                       {"b", topic_},
                                       {"c", "TBW102"},
                                       {"d", "4"},
                                       {"e", "0"},
                                       {"f", "0"},
                                       {"g", "1795234400170"},
                                       {"h", "0"},
                                       {"i", propertyString({{"TAGS", "TagA"}})},
                                       {"j", "0"},
                                       {"k", "false"},
                                       {"m", "false"},
                                       {"n", "broker-a"}}),
                         "in binary", kBinary);
  RawClient::Frame answers[2];
  for (int i = 0; i < 2; ++i) {  // In any order.
    const auto answer = i == 0 ? broker_->answer(2) : broker_->answer(1);
    ASSERT_TRUE(answer);
    answers[i] = *answer;
    EXPECT_EQ(answer->serialize_type, kBinary);
    EXPECT_EQ(answer->code, 0) << answer->remark;
    EXPECT_EQ(answer->version, 409);
  }
  EXPECT_EQ(answers[0].ext.at("queueOffset"), "0");
  EXPECT_EQ(answers[0].ext.at("msgId").size(), 32u);
  expectPullFields(answers[1]);
  EXPECT_EQ(decodeMessages(answers[1].body).at(0).body, "in binary");
}

TEST_F(JavaClientTest, BothKindsOfHeadersMayComeOverOneConnection) {
  broker_->requestHeader(binaryHeader(kMaxOffset, 100, {{"topic", topic_}, {"queueId", "0"}}, 12),
                         {}, kBinary);
  const auto binary = broker_->answer(100);
  ASSERT_TRUE(binary);
  EXPECT_EQ(binary->ext.at("offset"), "0");
  const auto json = broker_->call(kMaxOffset, queueFields(0));
  EXPECT_EQ(json.serialize_type, 0);
  EXPECT_EQ(json.ext.at("offset"), "0");
  namesrv_->requestHeader(binaryHeader(kRoute, 101, {{"topic", "NobodyKnows"}}), {}, kBinary);
  const auto route = namesrv_->answer(101);
  ASSERT_TRUE(route);
  EXPECT_EQ(route->code, kTopicNotExist);
  EXPECT_NE(route->remark.find("NobodyKnows"), std::string::npos);
}

TEST_F(JavaClientTest, HeartbeatsOfVersion5CarryAFingerprintAndMayLackSubscriptions) {
  const auto beat = [&](const std::string& subscriptions, const std::string& without) {
    return broker_->call(
        kHeartbeat, "{}",
        R"({"clientID":"10.0.0.1@9#5","consumerDataSet":[{"consumeFromWhere":)"
        R"("CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST","consumeType":)"
        R"("CONSUME_PASSIVELY","groupName":")" +
            group_ + R"(","messageModel":"CLUSTERING","subscriptionDataSet":[)" + subscriptions +
            R"(],"unitMode":false}],"heartbeatFingerprint":-1234567,"producerDataSet":)"
            R"([{"groupName":"CLIENT_INNER_PRODUCER"}],"withoutSub":)" +
            without + "}",
        "JAVA", 479);
  };
  const auto full = beat(R"({"classFilterMode":false,"codeSet":[2598919],"expressionType":"TAG",)"
                         R"("subString":"TagA","subVersion":1795234400170,"tagsSet":["TagA"],)"
                         R"("topic":")" +
                             topic_ + "\"}",
                         "false");
  ASSERT_EQ(full.code, 0) << full.remark;
  if (full.ext.contains("IS_SUPPORT_HEART_BEAT_V2")) {
    ASSERT_EQ(beat("", "true").code, 0);
  }
  // The subscription is still there.
  send("no", "TagB");
  send("yes", "TagA");
  const auto found = broker_->call(
      kLitePull,
      pullFields(0, R"("sysFlag":"2","suspendTimeoutMillis":"15000","subVersion":"0",)"
                    R"("maxMsgBytes":"-1","requestSource":"-1","bname":"broker-a")"),
      {}, "JAVA", 479);
  ASSERT_EQ(found.code, 0) << found.remark;
  expectPullFields(found);
  EXPECT_EQ(decodeMessages(found.body).at(0).body, "yes");
}

TEST_F(JavaClientTest, LocksOfVersion5NameTheirBroker) {
  const auto locked =
      broker_->call(kLock, "{}",
                    R"({"clientId":"10.0.0.1@9","consumerGroup":")" + group_ +
                        R"(","mqSet":[{"brokerName":"broker-a","queueId":2,"topic":")" + topic_ +
                        R"("}],"onlyThisBroker":false})",
                    "JAVA", 479);
  EXPECT_EQ(locked.code, 0) << locked.remark;
  EXPECT_EQ(locked.body,
            R"({"lockOKMQSet":[{"brokerName":"broker-a","queueId":2,"topic":")" + topic_ + "\"}]}");
}

TEST_F(JavaClientTest, RoutesAreStrictJsonForWhoAsksForIt) {
  const std::string fields = "{\"topic\":\"" + topic_ + R"(","acceptStandardJsonOnly":"true"})";
  ASSERT_TRUE(eventually([&] { return namesrv_->call(kRoute, fields).code == 0; }));
  const auto strict = namesrv_->call(kRoute, fields, {}, "JAVA", 399);
  EXPECT_NE(strict.body.find("{\"0\":\"" + cluster_->brokerAddr() + "\"}"), std::string::npos)
      << strict.body;
}

}  // namespace
}  // namespace rocketmq::test

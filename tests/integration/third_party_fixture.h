#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/shared_cluster.h"
#include "tests/support/daemon.h"
#include "tests/support/raw_client.h"

namespace rocketmq::test {

inline constexpr int kSendV1 = 10;
inline constexpr int kPull = 11;
inline constexpr int kQueryOffset = 14;
inline constexpr int kUpdateOffset = 15;
inline constexpr int kCreateTopic = 17;
inline constexpr int kSearchOffset = 29;
inline constexpr int kMaxOffset = 30;
inline constexpr int kMinOffset = 31;
inline constexpr int kViewMessage = 33;
inline constexpr int kHeartbeat = 34;
inline constexpr int kUnregister = 35;
inline constexpr int kSendBack = 36;
inline constexpr int kEndTransaction = 37;
inline constexpr int kConsumerList = 38;
inline constexpr int kNotifyIdsChanged = 40;
inline constexpr int kLock = 41;
inline constexpr int kUnlock = 42;
inline constexpr int kRoute = 105;
inline constexpr int kConnectionList = 203;
inline constexpr int kTopicList = 206;
inline constexpr int kSendV2 = 310;
inline constexpr int kSendBatch = 320;

inline constexpr int kTopicNotExist = 17;
inline constexpr int kPullNotFound = 19;
inline constexpr int kPullOffsetMoved = 21;
inline constexpr int kQueryNotFound = 22;

/// Plays clients in other languages by a raw socket: the exact header texts that they send. Each
/// test has a topic with four queues and a group of its own.
class ThirdPartyClientsTest : public SharedCluster {
 protected:
  static void SetUpTestSuite() {
    startCluster(
        {{"messageDelayLevel", "1s 1s 1s 1s 1s 1s 1s 1s 1s 1s"}, {"enablePropertyFilter", "true"}});
  }

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

  /// What a pull without waiting finds in a queue.
  std::vector<RawMessage> messagesIn(const std::string& topic, int queue = 0) {
    const auto found = broker_->call(
        kPull, pullFields(0,
                          R"("sysFlag":4,"suspendTimeoutMillis":0,"subscription":"*",)"
                          R"("subVersion":0)",
                          queue, topic));
    return found.code == 0 ? decodeMessages(found.body) : std::vector<RawMessage>{};
  }

  /// Topic and queue as most requests about offsets name them.
  std::string queueFields(int queue, const std::string& more = "") const {
    return "{\"topic\":\"" + topic_ + "\",\"queueId\":" + std::to_string(queue) + more + "}";
  }
  std::string groupField() const { return ",\"consumerGroup\":\"" + group_ + "\""; }

  /// The position of the group, or "" when it has none.
  std::string positionIn(int queue) {
    const auto answer = broker_->call(kQueryOffset, queueFields(queue, groupField()));
    return answer.code == 0 ? answer.ext.at("offset") : "";
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

inline void expectPullFields(const RawClient::Frame& answer) {
  for (const char* name : {"nextBeginOffset", "minOffset", "maxOffset", "suggestWhichBrokerId"}) {
    EXPECT_TRUE(answer.ext.contains(name)) << name << " in " << answer.header_text;
  }
  EXPECT_TRUE(answer.ext_all_strings) << answer.header_text;
}

}  // namespace rocketmq::test

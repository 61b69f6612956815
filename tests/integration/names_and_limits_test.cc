// Promise: a fresh broker has RocketMQ's system topics and groups; names and sizes that RocketMQ
// forbids are refused with its codes, up to the very byte, and nothing else is.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/shared_cluster.h"
#include "tests/support/raw_client.h"

namespace rocketmq::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kSend = 310;
constexpr int kPull = 11;
constexpr int kCreateTopic = 17;
constexpr int kAllTopics = 21;
constexpr int kMaxOffset = 30;
constexpr int kCreateGroup = 200;
constexpr int kAllGroups = 201;
constexpr int kDeleteTopic = 215;
constexpr int kSystemTopics = 305;
constexpr int kTopicConfig = 351;

constexpr int kSuccess = 0;
constexpr int kSystemError = 1;
constexpr int kMessageIllegal = 13;
constexpr int kNoPermission = 16;

constexpr size_t kBodyBytesMax = 4 * 1024 * 1024;
constexpr size_t kPropertiesBytesMax = 32'767;

class NamesAndLimitsTest : public SharedCluster {
 protected:
  void SetUp() override { broker_ = std::make_unique<RawClient>(cluster_->brokerPort()); }

  static std::string field(const std::string& name, const std::string& value) {
    return "\"" + name + "\":\"" + jsonEscape(value) + "\"";
  }
  RawClient::Frame create(const std::string& topic) {
    return broker_->call(kCreateTopic, "{" + field("topic", topic) +
                                           ",\"defaultTopic\":\"TBW102\",\"readQueueNums\":\"1\","
                                           "\"writeQueueNums\":\"1\",\"perm\":\"6\","
                                           "\"topicFilterType\":\"SINGLE_TAG\"}");
  }
  RawClient::Frame send(const std::string& topic, const std::string& body = "body",
                        const std::string& properties = "") {
    return broker_->call(kSend,
                         "{\"a\":\"P\"," + field("b", topic) +
                             ",\"c\":\"TBW102\",\"d\":1,\"e\":0,\"f\":0,\"g\":1795234400170,"
                             "\"h\":0," +
                             field("i", properties) + "}",
                         body);
  }
  std::string maxOffset(const std::string& topic) {
    return broker_->call(kMaxOffset, "{" + field("topic", topic) + ",\"queueId\":0}").ext["offset"];
  }
  std::vector<RawMessage> messages(const std::string& topic) {
    return decodeMessages(
        broker_
            ->call(kPull,
                   "{\"consumerGroup\":\"G\"," + field("topic", topic) +
                       ",\"queueId\":0,\"queueOffset\":0,\"maxMsgNums\":32,\"sysFlag\":4,"
                       "\"commitOffset\":0,\"suspendTimeoutMillis\":0,\"subscription\":\"*\","
                       "\"subVersion\":0}")
            .body);
  }

  std::unique_ptr<RawClient> broker_;
};

TEST_F(NamesAndLimitsTest, AFreshBrokerHasRocketMqsSystemTopics) {
  struct Expected {
    std::string name;
    int queues;
    int permission;
  };
  const std::vector<Expected> expected = {{"SELF_TEST_TOPIC", 1, 6},
                                          {"TBW102", 8, 7},
                                          {"BenchmarkTest", 1024, 6},
                                          {"DefaultCluster", 16, 7},
                                          {"broker-a", 1, 7},
                                          {"OFFSET_MOVED_EVENT", 1, 6},
                                          {"SCHEDULE_TOPIC_XXXX", 18, 6},
                                          {"DefaultCluster_REPLY_TOPIC", 1, 6},
                                          {"RMQ_SYS_TRANS_HALF_TOPIC", 1, 6},
                                          {"RMQ_SYS_TRANS_OP_HALF_TOPIC", 1, 6},
                                          {"rmq_sys_wheel_timer", 1, 6}};
  const std::string listed = broker_->call(kSystemTopics, "").body;
  const std::string all = broker_->call(kAllTopics, "").body;
  for (const Expected& topic : expected) {
    const auto config = broker_->call(kTopicConfig, "{" + field("topic", topic.name) + "}");
    ASSERT_EQ(config.code, kSuccess) << topic.name << ": " << config.remark;
    const std::string queues = std::to_string(topic.queues);
    EXPECT_THAT(config.body, HasSubstr("\"readQueueNums\":" + queues + ",")) << topic.name;
    EXPECT_THAT(config.body, HasSubstr("\"writeQueueNums\":" + queues)) << topic.name;
    EXPECT_THAT(config.body, HasSubstr("\"perm\":" + std::to_string(topic.permission) + ","))
        << topic.name;
    EXPECT_THAT(listed, HasSubstr("\"" + topic.name + "\""));
    EXPECT_THAT(all, HasSubstr("\"" + topic.name + "\":{"));
  }
  EXPECT_THAT(all, ::testing::Not(HasSubstr("RMQ_SYS_TRACE_TOPIC"))) << "traceTopicEnable is false";
}

TEST_F(NamesAndLimitsTest, AFreshBrokerHasRocketMqsSystemGroups) {
  const std::string groups = broker_->call(kAllGroups, "").body;
  for (const std::string name :
       {"TOOLS_CONSUMER", "FILTERSRV_CONSUMER", "SELF_TEST_C_GROUP", "CID_ONS-HTTP-PROXY",
        "CID_ONSAPI_PULL", "CID_ONSAPI_PERMISSION", "CID_ONSAPI_OWNER"}) {
    EXPECT_THAT(groups, HasSubstr("\"" + name + "\":{"));
  }
}

TEST_F(NamesAndLimitsTest, SystemTopicsAndGroupsAreTheSameAfterARestart) {
  // The groups' version stays only once a group was made.
  const auto groupsOf = [](RawClient& broker) {
    const std::string body = broker.call(kAllGroups, "").body;
    return body.substr(std::min(body.size(), body.find("\"subscriptionGroupTable\"")));
  };
  const std::string topics = broker_->call(kSystemTopics, "").body;
  const std::string groups = groupsOf(*broker_);
  cluster_->stopBroker();
  cluster_->startBroker();
  RawClient again(cluster_->brokerPort());
  EXPECT_EQ(topics, again.call(kSystemTopics, "").body);
  EXPECT_EQ(groups, groupsOf(again));
  EXPECT_THAT(groups, HasSubstr("TOOLS_CONSUMER"));
}

TEST_F(NamesAndLimitsTest, SystemTopicsAreNeitherCreatedNorDeletedByRequest) {
  for (const std::string name :
       {"TBW102", "SCHEDULE_TOPIC_XXXX", "RMQ_SYS_TRACE_TOPIC", "TRANS_CHECK_MAX_TIME_TOPIC",
        "CHECKPOINT_TOPIC", "rmq_sys_anything", "DefaultCluster", "broker-a",
        "DefaultCluster_REPLY_TOPIC"}) {
    const auto created = create(name);
    EXPECT_EQ(created.code, kSystemError) << name << ": " << created.remark;
    EXPECT_THAT(created.remark, HasSubstr(name));
    const auto removed = broker_->call(kDeleteTopic, "{" + field("topic", name) + "}");
    EXPECT_EQ(removed.code, kSystemError) << name << ": " << removed.remark;
  }
}

// Whoever deletes names that he makes up does not fill the store with them.
TEST_F(NamesAndLimitsTest, DeletingWhatIsNotThereSucceedsAndLeavesNothing) {
  const auto remove = [this](const std::string& topic) {
    return broker_->call(kDeleteTopic, "{" + field("topic", topic) + "}").code;
  };
  ASSERT_EQ(send("WasThere").code, kSuccess);
  EXPECT_EQ(remove("WasThere"), kSuccess);
  EXPECT_EQ(remove("WasNeverThere"), kSuccess);
  EXPECT_EQ(remove(std::string(256, 'a')), kSuccess);
  std::ifstream file(cluster_->folder() + "/store/deletedtopics");
  std::string noted;
  ASSERT_TRUE(std::getline(file, noted, '\0'));
  EXPECT_THAT(noted, HasSubstr("WasThere"));
  EXPECT_THAT(noted, Not(HasSubstr("WasNeverThere")));
  EXPECT_THAT(noted, Not(HasSubstr("aaa")));
}

TEST_F(NamesAndLimitsTest, TopicsThatClientsMayNotSendToAreRefused) {
  for (const std::string name : {"SCHEDULE_TOPIC_XXXX", "RMQ_SYS_TRANS_HALF_TOPIC",
                                 "RMQ_SYS_TRANS_OP_HALF_TOPIC", "TRANS_CHECK_MAX_TIME_TOPIC",
                                 "SELF_TEST_TOPIC", "OFFSET_MOVED_EVENT", "rmq_sys_wheel_timer"}) {
    const auto refused = send(name);
    EXPECT_EQ(refused.code, kNoPermission) << name << ": " << refused.remark;
    EXPECT_EQ(refused.remark, "Sending message to topic[" + name + "] is forbidden.");
  }
  EXPECT_EQ(send("TBW102").code, kSuccess);
}

TEST_F(NamesAndLimitsTest, TopicNamesHave127CharactersOfTheAllowedOnes) {
  const std::string longest(127, 't');
  EXPECT_EQ(create(longest).code, kSuccess);
  EXPECT_EQ(send(longest).code, kSuccess);
  ASSERT_EQ(messages(longest).size(), 1u);
  EXPECT_EQ(messages(longest)[0].topic, longest);
  EXPECT_EQ(send(std::string(127, 's')).code, kSuccess) << "created by the send";
  for (const std::string& bad :
       {std::string(128, 't'), std::string("with space"), std::string("dot.ted"),
        std::string("plus+"), std::string("gr\xC3\xBC\xC3\x9F"), std::string()}) {
    const auto created = create(bad);
    EXPECT_EQ(created.code, kSystemError) << bad << ": " << created.remark;
    const auto sent = send(bad);
    EXPECT_EQ(sent.code, kSystemError) << bad << ": " << sent.remark;
  }
  EXPECT_EQ(create("%all|of-them_09aZ").code, kSuccess);
}

TEST_F(NamesAndLimitsTest, GroupNamesHave255CharactersOfTheAllowedOnes) {
  const auto createGroup = [&](const std::string& name) {
    return broker_->call(kCreateGroup, "", "{" + field("groupName", name) + "}");
  };
  const std::string longest(255, 'g');
  EXPECT_EQ(createGroup(longest).code, kSuccess);
  EXPECT_THAT(broker_->call(kAllGroups, "").body, HasSubstr("\"" + longest + "\":{"));
  for (const std::string& bad : {longest + "g", std::string("dot.ted"), std::string()}) {
    EXPECT_NE(createGroup(bad).code, kSuccess) << bad;
  }
}

TEST_F(NamesAndLimitsTest, ABodyOfMaxMessageSizeIsStoredAndOneByteMoreIsNot) {
  EXPECT_EQ(send("Bodies", std::string(kBodyBytesMax, 'x')).code, kSuccess);
  const auto refused = send("Bodies", std::string(kBodyBytesMax + 1, 'x'));
  EXPECT_EQ(refused.code, kMessageIllegal) << refused.remark;
  EXPECT_THAT(refused.remark, HasSubstr("maxMessageSize"));
  EXPECT_EQ(maxOffset("Bodies"), "1");
  ASSERT_EQ(messages("Bodies").size(), 1u);
  EXPECT_EQ(messages("Bodies")[0].body.size(), kBodyBytesMax);
}

TEST_F(NamesAndLimitsTest, PropertiesOf32767BytesAreStoredAndOneByteMoreIsNot) {
  const std::map<std::string, std::string> brokers = {
      {"MSG_REGION", "DefaultRegion"}, {"TRACE_ON", "true"}, {"CLUSTER", "DefaultCluster"}};
  const std::map<std::string, std::string> own = {{"UNIQ_KEY", "K"}, {"pad", ""}};
  const size_t used = propertyString(own).size() + propertyString(brokers).size();
  const auto padded = [&](size_t padding) {
    return propertyString({{"UNIQ_KEY", "K"}, {"pad", std::string(padding, 'p')}});
  };
  const size_t most = kPropertiesBytesMax - used;
  const auto sent = send("Properties", "body", padded(most));
  EXPECT_EQ(sent.code, kSuccess) << sent.remark;
  const auto refused = send("Properties", "body", padded(most + 1));
  EXPECT_EQ(refused.code, kMessageIllegal) << refused.remark;
  EXPECT_THAT(refused.remark, HasSubstr("32768"));
  ASSERT_EQ(messages("Properties").size(), 1u);
  EXPECT_EQ(messages("Properties")[0].properties.at("pad").size(), most);
}

}  // namespace
}  // namespace rocketmq::test

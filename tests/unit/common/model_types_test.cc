#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/json/enum_names.h"
#include "common/model/config_tables.h"
#include "common/model/consumer_types.h"
#include "common/model/data_version.h"
#include "common/model/message_queue.h"
#include "common/model/permission.h"
#include "common/model/subscription_data.h"
#include "common/model/topic_config.h"
#include "common/model/topic_route.h"
#include "tests/unit/common/json_filled.h"

namespace rocketmq::model {
namespace {

template <class T>
class ModelRoundTripTest : public testing::Test {};

using Models =
    testing::Types<MessageQueue, DataVersion, TopicConfig, CustomizedRetryPolicy,
                   ExponentialRetryPolicy, GroupRetryPolicy, SubscriptionGroupConfig,
                   SubscriptionData, QueueData, BrokerData, TopicRouteData, TopicConfigTable,
                   SubscriptionGroupTable, ConsumerOffsetTable, DelayOffsetTable, KvConfigTable>;
TYPED_TEST_SUITE(ModelRoundTripTest, Models);

TYPED_TEST(ModelRoundTripTest, EveryMemberSurvivesEveryStyle) {
  const auto value = json::Filler().make<TypeParam>();
  for (const json::Style style : {json::Style::kFastjson, json::Style::kStrict,
                                  json::Style::kPretty, json::Style::kStandard}) {
    const std::string text = json::encode(value, style);
    const auto decoded = json::decode<TypeParam>(text);
    ASSERT_TRUE(decoded.ok()) << decoded.status().toString() << "\n" << text;
    EXPECT_EQ(*decoded, value) << text;
    EXPECT_EQ(json::encode(*decoded, style), text);
  }
}

TYPED_TEST(ModelRoundTripTest, DefaultsSurviveAndNothingIsRequired) {
  const auto decoded = json::decode<TypeParam>("{}");
  ASSERT_TRUE(decoded.ok()) << decoded.status().toString();
  EXPECT_EQ(*decoded, TypeParam{});
  EXPECT_EQ(*json::decode<TypeParam>(json::encode(TypeParam{})), TypeParam{});
}

TYPED_TEST(ModelRoundTripTest, MembersComeInJavasOrder) {
  EXPECT_TRUE(json::fieldsAreSorted<TypeParam>());
}

TEST(MessageQueueTest, SortsByTopicThenBrokerThenQueue) {
  std::vector<MessageQueue> queues = {{"b", "a", 0}, {"a", "b", 1}, {"a", "b", 0}, {"a", "a", 9}};
  std::sort(queues.begin(), queues.end());
  EXPECT_EQ(queues, (std::vector<MessageQueue>{
                        {"a", "a", 9}, {"a", "b", 0}, {"a", "b", 1}, {"b", "a", 0}}));
}

TEST(MessageQueueTest, IsWrittenAsAKeyOfMaps) {
  const std::map<MessageQueue, int64_t> offsets = {{{"T", "b", 0}, 5}};
  EXPECT_EQ(json::encode(offsets), R"({{"brokerName":"b","queueId":0,"topic":"T"}:5})");
}

TEST(DataVersionTest, ChangesWithEveryStep) {
  DataVersion version{.counter = 18, .timestamp = 1, .state_version = 3};
  const DataVersion before = version;
  version.nextVersion(1795231846013);
  EXPECT_EQ(version.counter, 19);
  EXPECT_EQ(version.timestamp, 1795231846013);
  EXPECT_EQ(version.state_version, 3);
  EXPECT_NE(version, before);
}

TEST(DataVersionTest, IsEqualOnlyInAllMembers) {
  const DataVersion a{.counter = 1, .timestamp = 2, .state_version = 3};
  EXPECT_EQ(a, (DataVersion{.counter = 1, .timestamp = 2, .state_version = 3}));
  EXPECT_NE(a, (DataVersion{.counter = 9, .timestamp = 2, .state_version = 3}));
  EXPECT_NE(a, (DataVersion{.counter = 1, .timestamp = 9, .state_version = 3}));
  EXPECT_NE(a, (DataVersion{.counter = 1, .timestamp = 2, .state_version = 9}));
  EXPECT_NE(a, (DataVersion{.counter = 1, .timestamp = 2}));
}

// Promise: a 4.9 file and what a 5.x broker made of it are the same version.
TEST(DataVersionTest, AbsentStateVersionIsZero) {
  const auto old = json::decode<DataVersion>(R"({"counter":19,"timestamp":7})");
  const auto fresh = json::decode<DataVersion>(R"({"counter":19,"stateVersion":0,"timestamp":7})");
  EXPECT_EQ(*old, *fresh);
  EXPECT_EQ(json::encode(*old), R"({"counter":19,"timestamp":7})");
  EXPECT_EQ(json::encode(*fresh), R"({"counter":19,"stateVersion":0,"timestamp":7})");
}

TEST(PermissionTest, PrintsThreeLetters) {
  EXPECT_EQ(formatPermission(0), "---");
  EXPECT_EQ(formatPermission(1), "--X");
  EXPECT_EQ(formatPermission(2), "-W-");
  EXPECT_EQ(formatPermission(4), "R--");
  EXPECT_EQ(formatPermission(6), "RW-");
  EXPECT_EQ(formatPermission(7), "RWX");
}

TEST(PermissionTest, IsValidFromZeroToSeven) {
  EXPECT_FALSE(isValidPermission(-1));
  EXPECT_TRUE(isValidPermission(0));
  EXPECT_TRUE(isValidPermission(7));
  EXPECT_FALSE(isValidPermission(8));
}

TEST(ConsumerTypesTest, OrdinalsAreRocketMqs) {
  EXPECT_EQ(json::nameOf(static_cast<ConsumeType>(0)), "CONSUME_ACTIVELY");
  EXPECT_EQ(json::nameOf(static_cast<ConsumeType>(1)), "CONSUME_PASSIVELY");
  EXPECT_EQ(json::nameOf(static_cast<ConsumeType>(2)), "CONSUME_POP");
  EXPECT_EQ(json::nameOf(static_cast<MessageModel>(0)), "BROADCASTING");
  EXPECT_EQ(json::nameOf(static_cast<MessageModel>(1)), "CLUSTERING");
  const std::vector<std::pair<ConsumeFromWhere, std::string_view>> expected = {
      {ConsumeFromWhere::kLastOffset, "CONSUME_FROM_LAST_OFFSET"},
      {ConsumeFromWhere::kLastOffsetAndFromMinWhenBootFirst,
       "CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST"},
      {ConsumeFromWhere::kMinOffset, "CONSUME_FROM_MIN_OFFSET"},
      {ConsumeFromWhere::kMaxOffset, "CONSUME_FROM_MAX_OFFSET"},
      {ConsumeFromWhere::kFirstOffset, "CONSUME_FROM_FIRST_OFFSET"},
      {ConsumeFromWhere::kTimestamp, "CONSUME_FROM_TIMESTAMP"}};
  for (size_t ordinal = 0; ordinal < expected.size(); ++ordinal) {
    EXPECT_EQ(static_cast<size_t>(expected[ordinal].first), ordinal);
    EXPECT_EQ(json::nameOf(expected[ordinal].first), expected[ordinal].second);
  }
}

TEST(TopicRouteTest, IsWrittenForOldAndForNewClients) {
  TopicRouteData route;
  route.broker_datas.push_back({.cluster = "DefaultCluster",
                                .broker_name = "broker-a",
                                .broker_addrs = {{0, "127.0.0.1:40911"}}});
  route.queue_datas.push_back(
      {.broker_name = "broker-a", .read_queue_nums = 8, .write_queue_nums = 8, .perm = 7});
  const std::string strict =
      R"({"brokerDatas":[{"brokerAddrs":{"0":"127.0.0.1:40911"},"brokerName":"broker-a",)"
      R"("cluster":"DefaultCluster"}],"filterServerTable":{},"queueDatas":[{"brokerName":)"
      R"("broker-a","perm":7,"readQueueNums":8,"topicSysFlag":0,"writeQueueNums":8}]})";
  std::string unquoted = strict;
  unquoted.replace(unquoted.find("\"0\""), 3, "0");
  EXPECT_EQ(json::encode(route, json::Style::kStrict), strict);
  EXPECT_EQ(json::encode(route), unquoted);
  EXPECT_EQ(*json::decode<TopicRouteData>(strict), route);
  EXPECT_EQ(*json::decode<TopicRouteData>(unquoted), route);
}

}  // namespace
}  // namespace rocketmq::model

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/compress.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "remoting/protocol/bodies/acl_config.h"
#include "remoting/protocol/bodies/config_tables.h"
#include "remoting/protocol/bodies/connections.h"
#include "remoting/protocol/bodies/consume_queue.h"
#include "remoting/protocol/bodies/consume_time_span.h"
#include "remoting/protocol/bodies/consumer_running_info.h"
#include "remoting/protocol/bodies/ha_status.h"
#include "remoting/protocol/bodies/heartbeat.h"
#include "remoting/protocol/bodies/lists.h"
#include "remoting/protocol/bodies/membership.h"
#include "remoting/protocol/bodies/offsets.h"
#include "remoting/protocol/bodies/register_broker.h"
#include "remoting/protocol/bodies/stats.h"
#include "tests/unit/common/json_filled.h"

namespace rocketmq::remoting {
namespace {

using model::ConsumeFromWhere;
using model::ConsumeType;
using model::MessageModel;
using model::MessageQueue;

template <class T>
class BodyRoundTripTest : public testing::Test {};

using Bodies = testing::Types<
    ProducerData, ConsumerData, HeartbeatData, ConsumerIdList, LockBatchBody, LockBatchReplyBody,
    CheckClientConfigBody, RegisterBrokerBody, ClusterInfo, TopicList, GroupList, KvTable,
    ConnectionInfo, ConsumerConnection, ProducerConnection, ProducerInfo, ProducerTable,
    OffsetWrapper, ConsumeStats, BrokerConsumeStats, TopicOffset, TopicStats, BrokerStatsItem,
    BrokerStatsData, HaStatus, ProcessQueueInfo, PopProcessQueueInfo, ConsumeStatus,
    ConsumerRunningInfo, ConsumeMessageDirectlyResult, ResetOffsetBody, QueueWithOffset,
    ResetOffsetListBody, GetConsumerStatusBody, QueryCorrectionOffsetBody, QueueTimeSpan,
    QueryConsumeTimeSpanBody, ConsumeQueueData, QueryConsumeQueueBody, AllTopicConfig,
    AllSubscriptionGroups, AllConsumerOffset, AllDelayOffset, TopicConfigList,
    SubscriptionGroupList, PlainAccessConfig, AclConfig>;
TYPED_TEST_SUITE(BodyRoundTripTest, Bodies);

TYPED_TEST(BodyRoundTripTest, EveryMemberSurvives) {
  const auto value = json::Filler().make<TypeParam>();
  for (const json::Style style : {json::Style::kFastjson, json::Style::kStandard}) {
    const std::string text = json::encode(value, style);
    const auto decoded = json::decode<TypeParam>(text);
    ASSERT_TRUE(decoded.ok()) << decoded.status().toString() << "\n" << text;
    EXPECT_EQ(*decoded, value) << text;
  }
}

TYPED_TEST(BodyRoundTripTest, MembersComeInJavasOrder) {
  EXPECT_TRUE(json::fieldsAreSorted<TypeParam>());
}

TYPED_TEST(BodyRoundTripTest, CutBodiesAreRefused) {
  const std::string text = json::encode(json::Filler().make<TypeParam>());
  const size_t step = 1 + text.size() / 300;  // The long ones would take too long byte by byte.
  for (size_t size = 0; size < text.size(); size += step) {
    EXPECT_FALSE(json::decode<TypeParam>(std::string_view(text).substr(0, size)).ok()) << size;
  }
}

/// `text` decoded as a T and written again; equal to `text` when it is as Java writes it.
template <class T>
std::string again(std::string_view text) {
  const auto decoded = json::decode<T>(text);
  return decoded.ok() ? json::encode(*decoded) : decoded.status().toString();
}

/// One body per row, in the spelling of a Java server or client.
TEST(BodySpellingTest, JavasTextsComeBackByteForByte) {
  const auto expect_same = [](std::string (*roundtrip)(std::string_view), std::string_view text) {
    EXPECT_EQ(roundtrip(text), text);
  };
  expect_same(again<ConsumerIdList>, R"({"consumerIdList":["10.0.0.1@1","10.0.0.2@2"]})");
  expect_same(again<LockBatchReplyBody>,
              R"({"lockOKMQSet":[{"brokerName":"b","queueId":0,"topic":"T"}]})");
  expect_same(again<LockBatchBody>,
              R"({"clientId":"c","consumerGroup":"G","mqSet":[{"brokerName":"b","queueId":0,)"
              R"("topic":"T"}],"onlyThisBroker":false})");
  expect_same(again<RegisterBrokerBody>,
              R"({"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":{"counter":1,)"
              R"("timestamp":2},"topicConfigTable":{"T":{"attributes":{},"order":false,"perm":6,)"
              R"("readQueueNums":4,"topicFilterType":"SINGLE_TAG","topicName":"T",)"
              R"("topicSysFlag":0,"writeQueueNums":4}}}})");
  expect_same(again<ClusterInfo>,
              R"({"brokerAddrTable":{"broker-a":{"brokerAddrs":{0:"127.0.0.1:10911"},)"
              R"("brokerName":"broker-a","cluster":"DefaultCluster","enableActingMaster":false}},)"
              R"("clusterAddrTable":{"DefaultCluster":["broker-a"]}})");
  expect_same(again<TopicList>, R"({"brokerAddr":"127.0.0.1:10911","topicList":["a","b"]})");
  expect_same(again<TopicList>, R"({"topicList":[]})");
  expect_same(again<GroupList>, R"({"groupList":["G"]})");
  expect_same(again<KvTable>, R"({"table":{"putTps":"0.0 0.1","runtime":"[ 0 days ]"}})");
  expect_same(again<ConsumeStats>,
              R"({"consumeTps":0.0,"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:)"
              R"({"brokerOffset":5,"consumerOffset":5,"lastTimestamp":1795232428048}}})");
  expect_same(again<TopicStats>,
              R"({"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:)"
              R"({"lastUpdateTimestamp":0,"maxOffset":7,"minOffset":0}},"topicPutTps":0.5})");
  expect_same(again<BrokerStatsData>,
              R"({"statsDay":{"avgpt":0.0,"sum":0,"tps":0.0},"statsHour":{"avgpt":1.5,"sum":3,)"
              R"("tps":0.1},"statsMinute":{"avgpt":0.0,"sum":0,"tps":1.0E20}})");
  expect_same(again<HaStatus>,
              R"({"haClientRuntimeInfo":{"activated":false,"lastReadTimestamp":0,)"
              R"("lastWriteTimestamp":0,"masterAddr":"","masterFlushOffset":0,"maxOffset":0,)"
              R"("transferredByteInSecond":0},"haConnectionInfo":[{"addr":"127.0.0.1:5","diff":3,)"
              R"("diffMessages":2,"inSync":true,"slaveAckOffset":7,"transferFromWhere":10,)"
              R"("transferredByteInSecond":0}],"inSyncSlaveNums":1,"master":true,)"
              R"("masterCommitLogMaxOffset":10})");
  expect_same(again<ProducerTable>,
              R"({"data":{"PG":[{"clientId":"c","language":"JAVA","lastUpdateTimestamp":1,)"
              R"("remoteIP":"/127.0.0.1:48426","version":409}]}})");
  expect_same(again<ConsumeMessageDirectlyResult>,
              R"({"autoCommit":true,"consumeResult":"CR_SUCCESS","order":false,"remark":"x",)"
              R"("spentTimeMills":0})");
  expect_same(again<QueryCorrectionOffsetBody>, R"({"correctionOffsets":{0:123}})");
  expect_same(again<AllConsumerOffset>, R"({"offsetTable":{"topic@group":{0:5,1:7}}})");
  expect_same(again<AllDelayOffset>, R"({"offsetTable":{2:2,3:2}})");
  expect_same(again<GetConsumerStatusBody>,
              R"({"consumerTable":{},"messageQueueTable":{{"brokerName":"b","queueId":0,)"
              R"("topic":"T"}:9}})");
  expect_same(again<QueryConsumeQueueBody>,
              R"({"maxQueueIndex":9,"minQueueIndex":0,"queueData":[{"eval":false,)"
              R"("physicOffset":1,"physicSize":2,"tagsCode":3}]})");
}

TEST(BodySpellingTest, EveryNameIsRocketMqs) {
  const auto expect_same = [](std::string (*roundtrip)(std::string_view), std::string_view text) {
    EXPECT_EQ(roundtrip(text), text);
  };
  expect_same(again<BrokerConsumeStats>,
              R"({"brokerAddr":"127.0.0.1:10911","consumeStatsList":[{"G":[{"consumeTps":0.5,)"
              R"("offsetTable":{}}]}],"totalDiff":3,"totalInflightDiff":4})");
  expect_same(again<OffsetWrapper>,
              R"({"brokerOffset":1,"consumerOffset":2,"lastTimestamp":3,"pullOffset":4})");
  expect_same(again<QueryConsumeTimeSpanBody>,
              R"({"consumeTimeSpanSet":[{"consumeTimeStamp":1,"consumeTimeStampStr":"a",)"
              R"("delayTime":2,"maxTimeStamp":3,"maxTimeStampStr":"b","messageQueue":)"
              R"({"brokerName":"b","queueId":0,"topic":"T"},"minTimeStamp":4,)"
              R"("minTimeStampStr":"c"}]})");
  expect_same(again<ProcessQueueInfo>,
              R"({"cachedMsgCount":1,"cachedMsgMaxOffset":2,"cachedMsgMinOffset":3,)"
              R"("cachedMsgSizeInMiB":4,"commitOffset":5,"droped":true,"lastConsumeTimestamp":6,)"
              R"("lastLockTimestamp":7,"lastPullTimestamp":8,"locked":true,)"
              R"("transactionMsgCount":9,"transactionMsgMaxOffset":10,)"
              R"("transactionMsgMinOffset":11,"tryUnlockTimes":12})");
  expect_same(again<ConsumerRunningInfo>,
              R"({"jstack":"x","mqPopTable":{{"brokerName":"b","queueId":0,"topic":"T"}:)"
              R"({"droped":false,"lastPopTimestamp":1,"waitAckCount":2}},"mqTable":{},)"
              R"("properties":{"PROP_CLIENT_VERSION":"V4_9_8"},"statusTable":{"T":)"
              R"({"consumeFailedMsgs":1,"consumeFailedTPS":0.1,"consumeOKTPS":0.2,)"
              R"("consumeRT":0.3,"pullRT":0.4,"pullTPS":0.5}},"subscriptionSet":[],)"
              R"("userConsumerInfo":{"k":"v"}})");
  expect_same(again<CheckClientConfigBody>,
              R"({"clientId":"c","group":"G","namespace":"N","subscriptionData":)"
              R"({"classFilterMode":false,"codeSet":[],"expressionType":"SQL92",)"
              R"("subString":"a > 3","subVersion":1,"tagsSet":[],"topic":"T"}})");
  expect_same(again<GetConsumerStatusBody>,
              R"({"consumerTable":{"c":{{"brokerName":"b","queueId":0,"topic":"T"}:5}},)"
              R"("messageQueueTable":{}})");
  expect_same(again<QueryConsumeQueueBody>,
              R"({"filterData":"f","maxQueueIndex":9,"minQueueIndex":0,"queueData":[{"bitMap":)"
              R"("m","eval":true,"extendDataJson":"e","msg":"n","physicOffset":1,"physicSize":2,)"
              R"("tagsCode":3}]})");
  expect_same(again<TopicConfigList>, R"({"topicConfigList":[]})");
  expect_same(again<SubscriptionGroupList>, R"({"groupConfigList":[]})");
}

TEST(BodySpellingTest, AnOnlineGroupComesBackByteForByte) {
  const std::string_view text =
      R"({"connectionSet":[{"clientAddr":"127.0.0.1:48426","clientId":"c","language":"JAVA",)"
      R"("version":409}],"consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET",)"
      R"("consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","subscriptionTable":{"T":)"
      R"({"classFilterMode":false,"codeSet":[2598919],"expressionType":"TAG","subString":"TagA",)"
      R"("subVersion":7,"tagsSet":["TagA"],"topic":"T"}}})";
  EXPECT_EQ(again<ConsumerConnection>(text), text);
  const auto group = json::decode<ConsumerConnection>(text);
  ASSERT_TRUE(group.ok());
  EXPECT_EQ(group->consume_from_where, ConsumeFromWhere::kFirstOffset);
  EXPECT_EQ(group->connection_set.at(0).language, Language::kJava);
  EXPECT_EQ(group->subscription_table.at("T").sub_string, "TagA");
}

TEST(LanguageTest, NamesInBodiesAreThoseOfHeaders) {
  for (uint8_t code = 0; code < json::EnumNames<Language>::kNames.size(); ++code) {
    const auto language = static_cast<Language>(code);
    EXPECT_EQ(json::nameOf(language), toString(language));
  }
}

// Promise: the text over which 5.x clients compute their fingerprint.
TEST(HeartbeatTest, IsWrittenAsTheFingerprintWantsIt) {
  const std::string_view text =
      R"({"clientID":"","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_FIRST_OFFSET",)"
      R"("consumeType":"CONSUME_PASSIVELY","groupName":"CG_T5","messageModel":"CLUSTERING",)"
      R"("subscriptionDataSet":[{"classFilterMode":false,"codeSet":[],"expressionType":"TAG",)"
      R"("subString":"*","subVersion":0,"tagsSet":[],"topic":"T"}],"unitMode":false}],)"
      R"("heartbeatFingerprint":0,"producerDataSet":[{"groupName":"PG"}],"withoutSub":false})";
  EXPECT_EQ(again<HeartbeatData>(text), text);
}

TEST(HeartbeatTest, TakesNumbersAndGapsFromCppClients) {
  const auto heartbeat = json::decode<HeartbeatData>(
      R"({"clientID":"127.0.0.1@7#DEFAULT","consumerDataSet":[{"consumeFromWhere":4,)"
      R"("consumeType":1,"groupName":"CG","messageModel":1,"subscriptionDataSet":[{)"
      R"("subString":"*","subVersion":"1795234486622","topic":"T"}]}]})"
      "\n");
  ASSERT_TRUE(heartbeat.ok()) << heartbeat.status().toString();
  EXPECT_TRUE(heartbeat->producer_data_set.empty());
  EXPECT_EQ(heartbeat->heartbeat_fingerprint, std::nullopt);
  ASSERT_EQ(heartbeat->consumer_data_set.size(), 1U);
  const ConsumerData& consumer = heartbeat->consumer_data_set[0];
  EXPECT_EQ(consumer.consume_from_where, ConsumeFromWhere::kFirstOffset);
  EXPECT_EQ(consumer.consume_type, ConsumeType::kPassively);
  EXPECT_EQ(consumer.message_model, MessageModel::kClustering);
  EXPECT_FALSE(consumer.unit_mode);
  ASSERT_EQ(consumer.subscription_data_set.size(), 1U);
  EXPECT_EQ(consumer.subscription_data_set[0].sub_version, 1795234486622);
}

TEST(HeartbeatTest, TakesAnUnknownStartFromGoClients) {
  const auto heartbeat = json::decode<HeartbeatData>(
      R"({"clientID":"c","consumerDataSet":[{"groupName":"CG","consumeFromWhere":"UNKNOWN",)"
      R"("messageModel":"BROADCASTING","consumeType":"CONSUME_ACTIVELY"}],"producerDataSet":null})");
  ASSERT_TRUE(heartbeat.ok());
  EXPECT_EQ(heartbeat->consumer_data_set.at(0),
            (ConsumerData{.group_name = "CG",
                          .consume_type = ConsumeType::kActively,
                          .message_model = MessageModel::kBroadcasting,
                          .consume_from_where = ConsumeFromWhere::kLastOffset,
                          .subscription_data_set = {}}));
}

TEST(HeartbeatTest, NeedsAClient) {
  EXPECT_EQ(json::decode<HeartbeatData>("{}").status().message(), "the field clientID is missing");
}

TEST(ConsumeMessageDirectlyResultTest, TakesTheNumberFromGoClients) {
  const auto result = json::decode<ConsumeMessageDirectlyResult>(
      R"({"order":false,"autoCommit":true,"consumeResult":4,"remark":"","spentTimeMills":12})");
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->consume_result, DirectConsumeResult::kThrowException);
}

TEST(ConsumerRunningInfoTest, TakesTheBlanksAndTextsOfCppClients) {
  const auto info = json::decode<ConsumerRunningInfo>(
      "{\n  \"properties\" : {\"PROP_CONSUME_TYPE\":\"CONSUME_PASSIVELY\"},\n"
      "  \"mqTable\" : {{\"brokerName\":\"b\",\"queueId\":\"1\",\"topic\":\"T\"} : "
      "{\"cachedMsgCount\":\"3\",\"droped\":true,\"locked\":\"false\"}}\n}\n");
  ASSERT_TRUE(info.ok()) << info.status().toString();
  const ProcessQueueInfo& queue = info->mq_table.at({"T", "b", 1});
  EXPECT_EQ(queue.cached_msg_count, 3);
  EXPECT_TRUE(queue.dropped);
  EXPECT_FALSE(queue.locked);
  EXPECT_FALSE(json::decode<ConsumerRunningInfo>(R"({"mqTable":})").ok());
}

TEST(ResetOffsetBodyTest, HasTwoFormsAndBothAreRead) {
  const ResetOffsetBody body = {{{{"T", "b", 0}, 5}, {{"T", "b", 1}, 7}}};
  const std::string with_keys = json::encode(body);
  EXPECT_EQ(with_keys, R"({"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:5,)"
                       R"({"brokerName":"b","queueId":1,"topic":"T"}:7}})");
  const std::string as_list = json::encode(toListForm(body));
  EXPECT_EQ(as_list, R"({"offsetTable":[{"brokerName":"b","offset":5,"queueId":0,"topic":"T"},)"
                     R"({"brokerName":"b","offset":7,"queueId":1,"topic":"T"}]})");
  for (const std::string& text : {with_keys, as_list, json::encode(body, json::Style::kStandard)}) {
    const auto decoded = decodeResetOffsetBody(text);
    ASSERT_TRUE(decoded.ok()) << decoded.status().toString();
    EXPECT_EQ(*decoded, body);
  }
  EXPECT_TRUE(decodeResetOffsetBody("{}")->offset_table.empty());
  EXPECT_FALSE(decodeResetOffsetBody(R"({"offsetTable":5})").ok());
  EXPECT_FALSE(decodeResetOffsetBody(as_list.substr(0, as_list.size() - 1)).ok());
}

RegisterBrokerBody registration() {
  RegisterBrokerBody body;
  body.filter_server_list = {"10.0.0.9:1"};
  model::TopicConfigTable& table = body.topic_config_serialize_wrapper;
  table.data_version = {.counter = 3, .timestamp = 4};
  table.topic_config_table["A"] = {
      .topic_name = "A", .read_queue_nums = 4, .write_queue_nums = 8, .perm = 6};
  table.topic_config_table["B"] = {.topic_name = "B",
                                   .perm = 7,
                                   .topic_filter_type = model::TopicFilterType::kMultiTag,
                                   .attributes = {{{"message.type", "FIFO"}}}};
  return body;
}

/// The compressed form by hand: sections in the order of the protocol.
std::string packed(std::string_view version, const std::vector<std::string>& topics,
                   std::string_view filters) {
  std::string plain;
  ByteWriter writer(plain);
  const auto sized = [&writer](std::string_view text) {
    writer.write(static_cast<int32_t>(text.size()));
    writer.writeBytes(text);
  };
  sized(version);
  writer.write(static_cast<int32_t>(topics.size()));
  for (const std::string& topic : topics) {
    sized(topic);
  }
  sized(filters);
  return plain;
}

std::string zipped(std::string_view plain) { return *compress(CompressionType::kZlib, plain, 9); }

TEST(RegisterBrokerBodyTest, EveryFormComesBack) {
  const RegisterBrokerBody body = registration();
  for (const bool compressed : {false, true}) {
    for (const int32_t version : {kVersion3_0_11, kAnnouncedVersion, kVersion5_0_0}) {
      const auto bytes = encodeRegisterBrokerBody(body, compressed, version);
      ASSERT_TRUE(bytes.ok());
      const auto decoded = decodeRegisterBrokerBody(*bytes, compressed, version);
      ASSERT_TRUE(decoded.ok()) << decoded.status().toString();
      EXPECT_EQ(*decoded, body);
    }
  }
}

TEST(RegisterBrokerBodyTest, TheCompressedFormIsRocketMqs) {
  const std::string sections =
      packed(R"({"counter":3,"timestamp":4})",
             {"A 4 8 6 SINGLE_TAG", R"(B 16 16 7 MULTI_TAG {"message.type":"FIFO"})"},
             R"(["10.0.0.9:1"])");
  const auto v4 = encodeRegisterBrokerBody(registration(), true, kAnnouncedVersion);
  EXPECT_EQ(*decompress(CompressionType::kZlib, *v4, 1 << 20), sections);
  const auto v5 = encodeRegisterBrokerBody(registration(), true, kVersion5_0_0);
  EXPECT_EQ(*decompress(CompressionType::kZlib, *v5, 1 << 20), sections + std::string(4, '\0'));
}

TEST(RegisterBrokerBodyTest, OldBrokersSendOnlyTheTopics) {
  const std::string text = json::encode(registration().topic_config_serialize_wrapper);
  const auto decoded = decodeRegisterBrokerBody(text, false, kVersion3_0_11 - 1);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->topic_config_serialize_wrapper, registration().topic_config_serialize_wrapper);
  EXPECT_TRUE(decoded->filter_server_list.empty());
}

TEST(RegisterBrokerBodyTest, StaticTopicsOfFiveAreSkipped) {
  std::string plain = packed("{}", {"A 1 1 6 SINGLE_TAG"}, "[]");
  ByteWriter writer(plain);
  writer.write(int32_t{1});
  writer.write(int32_t{2});
  writer.writeBytes("{}");
  const auto decoded = decodeRegisterBrokerBody(zipped(plain), true, kVersion5_0_0);
  ASSERT_TRUE(decoded.ok()) << decoded.status().toString();
  EXPECT_EQ(decoded->topic_config_serialize_wrapper.topic_config_table.size(), 1U);
}

TEST(RegisterBrokerBodyTest, DamagedBodiesAreRefused) {
  const std::string whole = packed("{}", {"A 1 1 6 SINGLE_TAG", "B 1 1 6 SINGLE_TAG"}, "[]");
  ASSERT_TRUE(decodeRegisterBrokerBody(zipped(whole), true, kAnnouncedVersion).ok());
  for (size_t size = 0; size < whole.size(); ++size) {
    const auto cut = decodeRegisterBrokerBody(zipped(whole.substr(0, size)), true, 409);
    EXPECT_FALSE(cut.ok()) << size;
  }
  const std::string bytes = zipped(whole);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decodeRegisterBrokerBody(bytes.substr(0, size), true, 409).ok()) << size;
  }
  for (const char* const topic : {"", "A", "A 1 1 x SINGLE_TAG", "A 1", " 1 1 6 SINGLE_TAG",
                                  "A 1 99999999999 6 SINGLE_TAG", "A 1 1 6 SINGLE_TAG {"}) {
    EXPECT_FALSE(decodeRegisterBrokerBody(zipped(packed("{}", {topic}, "[]")), true, 409).ok())
        << topic;
  }
  EXPECT_FALSE(decodeRegisterBrokerBody(zipped(packed("{}", {}, "{}")), true, 409).ok());
  EXPECT_FALSE(decodeRegisterBrokerBody("not zlib", true, 409).ok());
}

TEST(RegisterBrokerBodyTest, BodiesThatUnpackWithoutEndAreRefused) {
  const std::string zeros(kRegisterBodyBytesMax + 1, '\0');
  const std::string bomb = *compress(CompressionType::kZlib, zeros, 1);
  EXPECT_LT(bomb.size(), 1U << 20);
  EXPECT_EQ(decodeRegisterBrokerBody(bomb, true, 409).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace rocketmq::remoting

#include "broker/send/send_service.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "common/message/message_id.h"
#include "common/message/sys_flag.h"
#include "tests/unit/broker/message_path.h"

namespace rocketmq::broker {
namespace {

using remoting::ResponseCode;

class SendServiceTest : public MessagePath {
 protected:
  SendServiceTest() {
    topics_->createForSend({.topic = "T", .default_topic = "TBW102", .default_topic_queues = 4});
  }

  static std::string batchOf(const std::vector<std::string>& bodies) {
    std::string batch;
    for (const std::string& body : bodies) {
      const std::string properties = formatProperties({{"TAGS", body}});
      appendBatchItem({.flag = 7, .body = body, .properties = properties}, batch);
    }
    return batch;
  }
};

TEST_F(SendServiceTest, AMessageIsStoredAsItWasSentPlusTheBrokersProperties) {
  const auto reply = send({.body = "hello",
                           .properties = {{"TAGS", "A"}, {"UNIQ_KEY", "0AF1"}, {"WAIT", "true"}},
                           .queue_id = 3,
                           .sys_flag = sys_flag::kCompressed,
                           .flag = 42,
                           .reconsume_times = 2});
  EXPECT_EQ(reply.queue_id, 3);
  EXPECT_EQ(reply.queue_offset, 0);
  EXPECT_EQ(reply.transaction_id, "0AF1");
  EXPECT_EQ(reply.region, "DefaultRegion");
  EXPECT_EQ(reply.trace_on, "true");

  const auto messages = stored("T", 3);
  ASSERT_EQ(messages.size(), 1u);
  const MessageRecord& record = messages[0].record;
  EXPECT_EQ(record.body, "hello");
  EXPECT_EQ(record.flag, 42);
  EXPECT_EQ(record.sys_flag, sys_flag::kCompressed);
  EXPECT_EQ(record.born_timestamp_ms, 1234);
  EXPECT_EQ(record.born_host, host_);
  EXPECT_EQ(record.store_host, host_);
  EXPECT_EQ(record.reconsume_times, 2);
  EXPECT_EQ(messages[0].properties, (PropertyMap{{"CLUSTER", "DefaultCluster"},
                                                 {"MSG_REGION", "DefaultRegion"},
                                                 {"TAGS", "A"},
                                                 {"TRACE_ON", "true"},
                                                 {"UNIQ_KEY", "0AF1"},
                                                 {"WAIT", "true"}}));
  const auto id = OffsetMessageId::parse(reply.message_id);
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(id->physical_offset, record.physical_offset);
  EXPECT_EQ(id->store_host, host_);
}

TEST_F(SendServiceTest, AMessageWithoutAUniqueKeyGetsOne) {
  const auto reply = send({});
  const auto messages = stored("T");
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].properties.at("UNIQ_KEY").size(), 32u);
  EXPECT_EQ(reply.transaction_id, messages[0].properties.at("UNIQ_KEY"));
}

// The order of the checks is the protocol's: a send with several faults is refused for the first.
TEST_F(SendServiceTest, FaultsAreFoundInRocketMqsOrder) {
  configure([](BrokerSettings& settings) {
    settings.auto_create_topic = false;
    settings.message_bytes_max = 100;
    settings.reject_transaction_message = true;
  });
  struct Case {
    Send send;
    ResponseCode code;
    std::string_view remark;
  };
  const std::string long_body(101, 'x');
  for (const Case& c : std::vector<Case>{
           {{.topic = "bad name"}, ResponseCode::kSystemError, "illegal"},
           {{.topic = ""}, ResponseCode::kSystemError, "blank"},
           {{.topic = std::string(128, 'x')}, ResponseCode::kSystemError, "128"},
           {{.topic = "SCHEDULE_TOPIC_XXXX", .queue_id = 99},
            ResponseCode::kNoPermission,
            "Sending message to topic[SCHEDULE_TOPIC_XXXX] is forbidden."},
           {{.topic = "unknown", .queue_id = 99}, ResponseCode::kTopicNotExist, "unknown"},
           {{.body = long_body, .properties = {{"TRAN_MSG", "true"}}, .queue_id = 4},
            ResponseCode::kSystemError,
            "queueId[4]"},
           {{.body = long_body, .properties = {{"TRAN_MSG", "true"}}},
            ResponseCode::kNoPermission,
            "transaction"},
           {{.body = long_body}, ResponseCode::kMessageIllegal, "101 bytes"},
           {{.properties = {{"a", std::string(32'800, 'x')}}},
            ResponseCode::kMessageIllegal,
            "properties"},
           {{.body = "not a batch", .batch = true}, ResponseCode::kMessageIllegal, ""},
           {{.body = "", .batch = true}, ResponseCode::kMessageIllegal, "empty"},
       }) {
    const SendOutcome outcome = trySend(c.send);
    EXPECT_EQ(outcome.answer.code, c.code) << c.send.topic << ": " << outcome.answer.remark;
    EXPECT_NE(outcome.answer.remark.find(c.remark), std::string::npos) << outcome.answer.remark;
    EXPECT_FALSE(outcome.answer.header.has_value());
  }
  EXPECT_EQ(store_->commitLogMaxOffset(), store_->commitLogMinOffset());
}

// Promise: no message of a transaction comes before the time that its producer asks for.
TEST_F(SendServiceTest, HalfMessagesWithADeliveryTimeAreRefused) {
  for (const char* name : {"TIMER_DELAY_SEC", "TIMER_DELAY_MS", "TIMER_DELIVER_MS"}) {
    const SendOutcome outcome = trySend({.properties = {{"TRAN_MSG", "true"}, {name, "60"}}});
    EXPECT_EQ(outcome.answer.code, ResponseCode::kMessageIllegal);
    EXPECT_NE(outcome.answer.remark.find("delivery time"), std::string::npos)
        << outcome.answer.remark;
  }
  EXPECT_EQ(store_->commitLogMaxOffset(), store_->commitLogMinOffset());
}

TEST_F(SendServiceTest, SendsBeforeTheAcceptedTimeAreRefused) {
  configure(
      [this](BrokerSettings& settings) { settings.accept_sends_from_ms = clock_.nowMs() + 10; });
  EXPECT_EQ(trySend({}).answer.code, ResponseCode::kSystemError);
  clock_.advance(std::chrono::milliseconds(10));
  send({});
}

TEST_F(SendServiceTest, WithoutWritePermissionOnlyOrderedTopicsAreRefused) {
  model::TopicConfig ordered;
  ordered.topic_name = "Ordered";
  ordered.order = true;
  ASSERT_TRUE(topics_->update(ordered).ok());
  configure([](BrokerSettings& settings) { settings.broker_permission = 4; });
  EXPECT_EQ(trySend({.topic = "Ordered"}).answer.code, ResponseCode::kNoPermission);
  send({.topic = "T"});
}

TEST_F(SendServiceTest, ATopicIsCreatedOnlyWhereBlockingIsAllowed) {
  const SendOutcome outcome = trySend({.topic = "New", .may_block = false});
  EXPECT_TRUE(outcome.needs_blocking);
  EXPECT_EQ(topics_->find("New"), nullptr);
  send({.topic = "New", .queue_id = 3});
  EXPECT_EQ(topics_->find("New")->write_queue_nums, 4);
  EXPECT_FALSE(trySend({.topic = "New", .may_block = false}).needs_blocking);
}

TEST_F(SendServiceTest, AnUnknownTopicThatMustNotBeCreatedDoesNotNeedALane) {
  configure([](BrokerSettings& settings) { settings.auto_create_topic = false; });
  const SendOutcome outcome = trySend({.topic = "New", .may_block = false});
  EXPECT_FALSE(outcome.needs_blocking);
  EXPECT_EQ(outcome.answer.code, ResponseCode::kTopicNotExist);
}

TEST_F(SendServiceTest, TheBrokerPicksAQueueForProducersThatLeaveIt) {
  for (int i = 0; i < 50; ++i) {
    const auto reply = send({.queue_id = -1});
    EXPECT_GE(reply.queue_id, 0);
    EXPECT_LT(reply.queue_id, 4);
  }
}

TEST_F(SendServiceTest, ADelayedMessageWaitsInTheScheduleTopic) {
  const auto reply = send({.properties = {{"DELAY", "3"}}, .queue_id = 2});
  EXPECT_EQ(reply.queue_id, 2);  // What the client asked for.
  EXPECT_TRUE(stored("T", 2).empty());
  const auto messages = stored(kScheduleTopic, 2);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].properties.at("REAL_TOPIC"), "T");
  EXPECT_EQ(messages[0].properties.at("REAL_QID"), "2");
  EXPECT_EQ(messages[0].properties.at("DELAY"), "3");
}

TEST_F(SendServiceTest, ADelayBeyondTheTableMeansItsLastLevel) {
  send({.properties = {{"DELAY", "99"}}});
  const auto messages = stored(kScheduleTopic, 4);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].properties.at("DELAY"), "5");
}

TEST_F(SendServiceTest, ABatchIsStoredMessageByMessageWhateverTheRequestCode) {
  const auto reply = send({.body = batchOf({"x", "yy", "zzz"}),
                           .properties = {{"WAIT", "true"}},
                           .queue_id = 1,
                           .batch = true});
  EXPECT_EQ(reply.queue_offset, 0);
  const std::string_view ids = reply.message_id;
  EXPECT_EQ(std::count(ids.begin(), ids.end(), ','), 2);
  const auto messages = stored("T", 1);
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[1].record.body, "yy");
  EXPECT_EQ(messages[1].record.flag, 7);
  EXPECT_EQ(messages[1].record.queue_offset, 1);
  EXPECT_EQ(messages[1].properties, (PropertyMap{{"CLUSTER", "DefaultCluster"},
                                                 {"MSG_REGION", "DefaultRegion"},
                                                 {"TAGS", "yy"},
                                                 {"TRACE_ON", "true"},
                                                 {"WAIT", "true"}}));
  EXPECT_NE(ids.find(OffsetMessageId{.store_host = host_,
                                     .physical_offset = messages[2].record.physical_offset}
                         .toString()),
            std::string::npos);
}

TEST_F(SendServiceTest, ASmallBatchCannotAskForGigabytes) {
  // Its header's properties would be stored with each of its many empty messages.
  std::string batch;
  for (int i = 0; i < 5000; ++i) {
    appendBatchItem({}, batch);
  }
  const SendOutcome outcome =
      trySend({.body = batch, .properties = {{"a", std::string(30'000, 'x')}}, .batch = true});
  EXPECT_EQ(outcome.answer.code, ResponseCode::kMessageIllegal);
}

// 65,536 are too many only for this test's small log.
TEST_F(SendServiceTest, ABatchHasSoManyMessagesAndNoMore) {
  const std::string refusal = "the batch has more than 65536 messages";
  std::string batch;
  for (int i = 0; i < 65'536; ++i) {
    appendBatchItem({}, batch);
  }
  EXPECT_NE(trySend({.body = batch, .batch = true}).answer.remark, refusal);
  appendBatchItem({}, batch);
  const SendOutcome outcome = trySend({.body = batch, .batch = true});
  EXPECT_EQ(outcome.answer.code, ResponseCode::kMessageIllegal);
  EXPECT_EQ(outcome.answer.remark, refusal);
}

TEST_F(SendServiceTest, ARetryThatHasNotHadEnoughStaysInTheRetryTopic) {
  const auto reply =
      send({.topic = "%RETRY%G", .properties = {{"DELAY", "3"}}, .reconsume_times = 15});
  EXPECT_EQ(reply.queue_id, 0);
  // RocketMQ parity: a send makes an unknown topic after the template, a retry topic as well.
  EXPECT_EQ(topics_->find("%RETRY%G")->write_queue_nums, 4);
  EXPECT_EQ(topics_->find("%DLQ%G"), nullptr);
  EXPECT_EQ(stored(kScheduleTopic, 2).size(), 1u);
}

TEST_F(SendServiceTest, ARetryThatHasHadEnoughIsADeadLetterWithoutDelay) {
  send({.topic = "%RETRY%G", .properties = {{"DELAY", "3"}}, .reconsume_times = 16});
  const auto messages = stored("%DLQ%G");
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].properties.at("DELAY"), "-1");
  EXPECT_EQ(topics_->find("%DLQ%G")->write_queue_nums, 1);
}

TEST_F(SendServiceTest, OnlyClientsFrom349OnSayHowOftenIsEnough) {
  send({.topic = "%RETRY%G", .reconsume_times = 3, .max_reconsume_times = 3});
  EXPECT_EQ(stored("%DLQ%G").size(), 1u);
  send({.topic = "%RETRY%G",
        .reconsume_times = 3,
        .max_reconsume_times = 3,
        .client_version = remoting::kVersion3_4_9 - 1});
  EXPECT_EQ(stored("%DLQ%G").size(), 1u);
  EXPECT_EQ(stored("%RETRY%G").size(), 1u);
}

TEST_F(SendServiceTest, RetriesOfAnUnknownGroupAreRefusedAndNeverComeAsABatch) {
  configure([](BrokerSettings& settings) { settings.auto_create_group = false; });
  EXPECT_EQ(trySend({.topic = "%RETRY%G"}).answer.code, ResponseCode::kSubscriptionGroupNotExist);
  EXPECT_EQ(trySend({.topic = "%RETRY%G", .body = batchOf({"x"}), .batch = true}).answer.code,
            ResponseCode::kMessageIllegal);
}

TEST_F(SendServiceTest, ASlaveTakesNothingAndCreatesNothing) {
  configure([](BrokerSettings& settings) { settings.broker_role = BrokerRole::kSlave; });
  EXPECT_EQ(trySend({.topic = "New"}).answer.code, ResponseCode::kServiceNotAvailable);
  EXPECT_EQ(topics_->find("New"), nullptr);
  const auto refused = topics_->update({.topic_name = "New"});
  EXPECT_NE(refused.status().message().find("execute it from master broker"), std::string::npos);
  EXPECT_FALSE(groups_->update({.group_name = "New"}).isOk());
}

TEST_F(SendServiceTest, ASlaveTakesOverTheMastersTables) {
  model::TopicConfigTable topics = *topics_->snapshot();
  topics.topic_config_table["Masters"].topic_name = "Masters";
  topics.data_version = {.counter = 77, .timestamp = 5};
  EXPECT_TRUE(topics_->takeOver(topics));
  EXPECT_FALSE(topics_->takeOver(topics));
  EXPECT_EQ(topics_->dataVersion(), topics.data_version);
  EXPECT_NE(topics_->find("Masters"), nullptr);

  model::SubscriptionGroupTable groups = *groups_->snapshot();
  groups.subscription_group_table["Masters"].group_name = "Masters";
  groups.data_version = {.counter = 78, .timestamp = 5};
  EXPECT_TRUE(groups_->takeOver(groups));
  EXPECT_EQ(groups_->dataVersion(), groups.data_version);
  EXPECT_NE(groups_->find("Masters"), nullptr);

  offsets_->commit("Mine", "T", 0, 3);
  offsets_->takeOver({.offset_table = {{"T@Masters", {{1, 9}}}}});
  EXPECT_EQ(offsets_->find("Masters", "T", 1), 9);
  EXPECT_EQ(offsets_->find("Mine", "T", 0), std::nullopt) << "the master has none";

  delays_->takeOver({{2, 40}});
  EXPECT_EQ(delays_->offsets(), (std::map<int32_t, int64_t>{{2, 40}}));
}

TEST_F(SendServiceTest, WithoutSyncFlushSuccessIsAnsweredAtOnce) {
  EXPECT_EQ(trySend({}).safe_up_to, 0);
}

class SyncFlushSendTest : public MessagePath {
 protected:
  SyncFlushSendTest() {
    closeAll();
    configure([](BrokerSettings& settings) { settings.flush_disk_type = store::FlushMode::kSync; });
    openAll();
  }
};

TEST_F(SyncFlushSendTest, SuccessWaitsForTheDiskUnlessTheClientDoesNotCare) {
  const SendOutcome waits = trySend({});
  EXPECT_EQ(waits.answer.code, ResponseCode::kSuccess);
  EXPECT_EQ(waits.safe_up_to, store_->commitLogMaxOffset());
  EXPECT_EQ(trySend({.properties = {{"WAIT", "false"}}}).safe_up_to, 0);
}

}  // namespace
}  // namespace rocketmq::broker

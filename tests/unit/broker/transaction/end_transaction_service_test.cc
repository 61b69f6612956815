#include "broker/transaction/end_transaction_service.h"

#include <limits>

#include "common/message/sys_flag.h"
#include "tests/unit/broker/transaction/transaction_test.h"

namespace rocketmq::broker {
namespace {

using remoting::ResponseCode;

class EndTransactionServiceTest : public TransactionTest {};

TEST_F(EndTransactionServiceTest, AHalfMessageIsStoredAsRocketMqStoresIt) {
  const EndTransaction half =
      sendHalf({.properties = {{"DELAY", "3"}}, .sys_flag = 4 | 1, .queue_id = 2});
  EXPECT_EQ(half.transaction_state_table_offset, 0);
  EXPECT_TRUE(stored("T", 2).empty());
  EXPECT_TRUE(stored(kScheduleTopic, 2).empty()) << "a transaction is not delayed";
  const auto messages = stored(kHalfTopic);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].record.sys_flag, sys_flag::kCompressed);
  EXPECT_EQ(messages[0].record.physical_offset, half.commit_log_offset);
  EXPECT_EQ(messages[0].properties.at("REAL_TOPIC"), "T");
  EXPECT_EQ(messages[0].properties.at("REAL_QID"), "2");
  EXPECT_EQ(messages[0].properties.at("__transactionId__"), "Ub");
  EXPECT_EQ(messages[0].properties.at("TRAN_MSG"), "true");
}

TEST_F(EndTransactionServiceTest, ACommitMakesTheMessageVisible) {
  const EndTransaction half = sendHalf({.queue_id = 2});
  EXPECT_EQ(commit(half), ResponseCode::kSuccess);
  const auto messages = stored("T", 2);
  ASSERT_EQ(messages.size(), 1u);
  const MessageRecord& record = messages[0].record;
  EXPECT_EQ(record.body, "b");
  EXPECT_EQ(record.flag, 7);
  EXPECT_EQ(record.sys_flag, sys_flag::kTransactionCommit);
  EXPECT_EQ(record.prepared_transaction_offset, half.commit_log_offset);
  EXPECT_EQ(record.born_timestamp_ms, born_ms_);
  // RocketMQ parity: what it went through stays visible.
  EXPECT_EQ(messages[0].properties.at("REAL_TOPIC"), "T");
  EXPECT_EQ(messages[0].properties.at("TRAN_MSG"), "true");

  const auto ops = stored(kOpTopic);
  ASSERT_EQ(ops.size(), 1u);
  EXPECT_EQ(ops[0].record.body, "0");
  EXPECT_EQ(ops[0].record.properties, "TAGS\1d\2");
}

TEST_F(EndTransactionServiceTest, ARollbackLeavesOnlyAnOpRecord) {
  EXPECT_EQ(rollback(sendHalf()), ResponseCode::kSuccess);
  EXPECT_TRUE(stored("T").empty());
  EXPECT_EQ(stored(kOpTopic).size(), 1u);
}

TEST_F(EndTransactionServiceTest, AnUnknownOutcomeChangesNothing) {
  const EndTransaction half = sendHalf();
  EXPECT_EQ(end(half, 0), ResponseCode::kSuccess);
  EXPECT_TRUE(stored(kOpTopic).empty());
  EXPECT_EQ(commit(half), ResponseCode::kSuccess);
  EXPECT_EQ(stored("T").size(), 1u);
}

// RocketMQ stores a second copy.
TEST_F(EndTransactionServiceTest, ASecondEndChangesNothing) {
  const EndTransaction half = sendHalf();
  EXPECT_EQ(commit(half), ResponseCode::kSuccess);
  EXPECT_EQ(commit(half), ResponseCode::kSuccess);
  EXPECT_EQ(rollback(half), ResponseCode::kSuccess);
  EXPECT_EQ(stored("T").size(), 1u);
  EXPECT_EQ(stored(kOpTopic).size(), 1u);
  restart(false);
  EXPECT_EQ(commit(half), ResponseCode::kSuccess);
  EXPECT_EQ(stored("T").size(), 1u);
}

// Promise: who waits for the safety of an end waits for all of it, also when another request has
// brought it about.
TEST_F(EndTransactionServiceTest, AnEndIsSafeWhenItsOpRecordIs) {
  for (const int32_t decision : {8, 12}) {
    EndTransaction request = sendHalf();
    request.commit_or_rollback = decision;
    const int64_t safe_up_to = ends_->end(request).safe_up_to;
    EXPECT_EQ(safe_up_to, store_->commitLogMaxOffset());
    EXPECT_GT(safe_up_to, stored(kOpTopic).back().record.physical_offset);
    EXPECT_EQ(ends_->end(request).safe_up_to, safe_up_to);
  }
  EXPECT_LT(stored("T").back().record.physical_offset, stored(kOpTopic)[0].record.physical_offset);
}

TEST_F(EndTransactionServiceTest, ABadEndIsRefusedAndChangesNothing) {
  send({.body = "visible", .properties = {{"PGROUP", "P"}}});
  const EndTransaction half = sendHalf();
  const EndTransaction other = sendHalf({.body = "other"});
  const auto with = [&half](auto change) {
    EndTransaction request = half;
    request.commit_or_rollback = 8;
    change(request);
    return request;
  };
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  for (const EndTransaction& request : {
           with([](auto& r) { r.producer_group = "Q"; }),
           with([](auto& r) { r.producer_group = ""; }),
           with([&](auto& r) { r.commit_log_offset = other.commit_log_offset; }),
           with([](auto& r) { r.commit_log_offset = 0; }),
           with([](auto& r) { r.commit_log_offset = -1; }),
           with([](auto& r) { r.commit_log_offset += 1; }),
           with([](auto& r) { r.commit_log_offset = kMax; }),
           with([](auto& r) { r.transaction_state_table_offset = 1; }),
           with([](auto& r) { r.transaction_state_table_offset = -1; }),
           with([](auto& r) { r.transaction_state_table_offset = kMax; }),
           with([](auto& r) {
             r.transaction_state_table_offset = std::numeric_limits<int64_t>::min();
           }),
           with([](auto& r) { r.commit_or_rollback = 4; }),
           with([](auto& r) { r.commit_or_rollback = -8; }),
       }) {
    ends_->isInMemory(request);
    const EndOutcome outcome = ends_->end(request);
    EXPECT_EQ(outcome.answer.code, ResponseCode::kSystemError);
    EXPECT_FALSE(outcome.answer.remark.empty());
    EXPECT_EQ(outcome.safe_up_to, 0);
  }
  EXPECT_EQ(stored("T").size(), 1u);
  EXPECT_TRUE(stored(kOpTopic).empty());
  EXPECT_EQ(commit(half), ResponseCode::kSuccess);
}

// A record inside another message's body is not a record.
TEST_F(EndTransactionServiceTest, AForgedHalfMessageIsNotFound) {
  MessageRecord forged;
  forged.topic = kHalfTopic;
  forged.body = "forged";
  const std::string properties =
      formatProperties({{"PGROUP", "P"}, {"REAL_TOPIC", "SCHEDULE_TOPIC_XXXX"}, {"REAL_QID", "0"}});
  forged.properties = properties;
  std::string bytes(encodedSize(forged), '\0');
  encodeRecord(forged, bytes.data());
  const auto reply = send({.body = bytes});
  const int64_t physical = OffsetMessageId::parse(reply.message_id)->physical_offset;
  for (int64_t offset = physical; offset < physical + 120; ++offset) {
    EndTransaction request;
    request.producer_group = "P";
    request.commit_log_offset = offset;
    EXPECT_EQ(commit(request), ResponseCode::kSystemError);
  }
}

// Promise: a power cut leaves no half message that counts as ended and whose end is nowhere.
TEST_F(EndTransactionServiceTest, ProgressCountsOnceTheEndsAreOnTheDisk) {
  for (int64_t i = 0; i < 20; ++i) {
    ASSERT_EQ(commit(sendHalf()), ResponseCode::kSuccess);
    const int64_t ended = store_->commitLogMaxOffset();
    ASSERT_TRUE(saveProgress(*ledger_, *store_, *offsets_).isOk());
    ASSERT_EQ(offsets_->find(kTransactionGroup, kHalfTopic, 0), i + 1);
    ASSERT_GE(store_->flushedOffset(), ended);
  }
}

TEST_F(EndTransactionServiceTest, OnlyAnswersToChecksCountAfterTheImmunityTime) {
  EndTransaction half = sendHalf({.properties = {{"CHECK_IMMUNITY_TIME_IN_SECONDS", "10"}}});
  clock_.advance(std::chrono::seconds(11));
  EXPECT_EQ(commit(half), ResponseCode::kIllegalOperation);
  half.from_transaction_check = true;
  EXPECT_EQ(commit(half), ResponseCode::kSuccess);
  EXPECT_EQ(stored("T").size(), 1u);
}

TEST_F(EndTransactionServiceTest, PropertiesLeaveRoomForChecks) {
  const auto properties = [](size_t filler) {
    return PropertyMap{{"TRAN_MSG", "true"}, {"PGROUP", "P"}, {"x", std::string(filler, 'x')}};
  };
  const SendOutcome refused = trySend({.properties = properties(32'560)});
  EXPECT_EQ(refused.answer.code, ResponseCode::kMessageIllegal);
  EXPECT_NE(refused.answer.remark.find("32639"), std::string::npos) << refused.answer.remark;
  EXPECT_TRUE(stored(kHalfTopic).empty());
  sendHalf({.properties = properties(32'300)});
  EXPECT_EQ(round().size(), 1u);
}

// Properties that lead a check to another transaction would end that one.
TEST_F(EndTransactionServiceTest, AClientCannotPoseAsACopyOfAnotherTransaction) {
  const EndTransaction victim = sendHalf();
  const EndTransaction half = sendHalf(
      {.body = "h",
       .properties = {{"TRAN_PREPARED_QUEUE_OFFSET", "0"}, {"TRANSACTION_CHECK_TIMES", "99"}}});
  EXPECT_EQ(rollback(half), ResponseCode::kSuccess);
  EXPECT_EQ(commit(victim), ResponseCode::kSuccess);
  EXPECT_EQ(stored("T").size(), 1u);
}

TEST_F(EndTransactionServiceTest, RejectTransactionMessageRefusesHalfMessagesOnly) {
  const EndTransaction half = sendHalf();
  configure([](BrokerSettings& settings) { settings.reject_transaction_message = true; });
  EXPECT_EQ(trySend({.properties = {{"TRAN_MSG", "true"}}}).answer.code,
            ResponseCode::kNoPermission);
  send({});
  EXPECT_EQ(commit(half), ResponseCode::kSuccess);
}

}  // namespace
}  // namespace rocketmq::broker

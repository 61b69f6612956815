#include "broker/transaction/check_service.h"

#include <gmock/gmock.h>

#include <chrono>
#include <future>
#include <string>
#include <string_view>
#include <vector>

#include "common/message/sys_flag.h"
#include "tests/support/eventually.h"
#include "tests/unit/broker/transaction/transaction_test.h"

namespace rocketmq::broker {
namespace {

using remoting::ResponseCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

class CheckServiceTest : public TransactionTest {
 protected:
  std::vector<Stored> givenUp() { return stored(kCheckMaxTopic); }
};

TEST_F(CheckServiceTest, AnOpenTransactionIsAskedForAsRocketMqAsks) {
  const EndTransaction half = sendHalf({.queue_id = 3});
  const auto asked = round();
  ASSERT_EQ(asked.size(), 1u);
  const auto& [check, body] = asked[0];
  const auto halves = stored(kHalfTopic);
  ASSERT_EQ(halves.size(), 2u);
  EXPECT_EQ(halves[1].properties.at("TRANSACTION_CHECK_TIMES"), "1");
  EXPECT_EQ(check.transaction_state_table_offset, 1);
  EXPECT_EQ(check.commit_log_offset, halves[1].record.physical_offset);
  EXPECT_EQ(check.message_id, "Ub");
  EXPECT_EQ(check.transaction_id, "Ub");
  EXPECT_EQ(check.broker_name, "broker-a");
  EXPECT_EQ(OffsetMessageId::parse(*check.offset_message_id)->physical_offset,
            check.commit_log_offset);
  const auto record = decodeRecord(body, CrcCheck::kVerify);
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->topic, "T");
  EXPECT_EQ(record->queue_id, 3);
  EXPECT_EQ(record->queue_offset, 1);
  EXPECT_EQ(record->physical_offset, check.commit_log_offset);
  EXPECT_EQ(record->sys_flag, 0);
  EXPECT_EQ(record->flag, 7);
  EXPECT_EQ(record->body, "b");
  EXPECT_EQ(findProperty(record->properties, "PGROUP"), "P");
  // The producer's own commit, late, and its answer to the check are about one transaction.
  EXPECT_EQ(commit(answerTo(check)), ResponseCode::kSuccess);
  EXPECT_EQ(commit(half), ResponseCode::kSuccess);
  EXPECT_EQ(stored("T", 3).size(), 1u);
  EXPECT_TRUE(round().empty());
}

// Promise: what cannot be read for now, as in a process without another descriptor, is not lost.
TEST_F(CheckServiceTest, AHalfMessageThatCannotBeReadNowIsAskedForLater) {
  sendHalf();
  fillLogFiles();
  for (const char* const part : {"/consumequeue/RMQ_SYS_TRANS_HALF_TOPIC/", "/commitlog/"}) {
    SCOPED_TRACE(part);
    reopenStore();
    files_.refused = 0;
    files_.unmappable = part;
    clock_.advance(milliseconds(settings_.load()->transaction_check_interval_ms));
    EXPECT_EQ(checks_->step(), CheckService::kStepPause);
    EXPECT_GT(files_.refused, 0);
    files_.unmappable = nullptr;
  }
  EXPECT_FALSE(round().empty());
  EXPECT_TRUE(givenUp().empty());
}

// The same for a start, which must not forget what has been ended: it fails, or waits for a queue.
TEST_F(CheckServiceTest, AStartThatCannotReadTheRecordsOfTransactionsForgetsNone) {
  const EndTransaction ended = sendHalf({.body = "ended"});
  const EndTransaction open = sendHalf({.body = "open"});
  EXPECT_EQ(commit(ended), ResponseCode::kSuccess);
  fillLogFiles();
  for (const char* const part :
       {"/consumequeue/RMQ_SYS_TRANS_OP_HALF_TOPIC/", "/consumequeue/RMQ_SYS_TRANS_HALF_TOPIC/",
        "/consumequeue/T/", "/commitlog/"}) {
    SCOPED_TRACE(part);
    reopenStore();
    files_.refused = 0;
    files_.unmappable = part;
    auto loading = std::async(std::launch::async, [this] {
      const auto loaded = loadLedger(*messages_, *offsets_);
      return loaded.ok() ? Result<int64_t>((*loaded)->openCount(messages_->halves().end))
                         : loaded.status();
    });
    EXPECT_TRUE(test::eventually([this] { return files_.refused > 0; }));
    const bool fails = part == std::string_view("/commitlog/");
    if (fails) {
      loading.wait();
    }
    files_.unmappable = nullptr;
    const Result<int64_t> open_count = loading.get();
    EXPECT_EQ(open_count.status().code(), fails ? StatusCode::kIo : StatusCode::kOk);
    EXPECT_EQ(open_count.ok() ? *open_count : 1, 1);
  }
  makeTransactions();
  EXPECT_EQ(commit(ended), ResponseCode::kSuccess);
  EXPECT_EQ(commit(open), ResponseCode::kSuccess);
  EXPECT_EQ(stored("T").size(), 2u);
}

TEST_F(CheckServiceTest, ALateCommitEndsTheNewestCopy) {
  const EndTransaction half = sendHalf();
  const auto asked = round();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(commit(half), ResponseCode::kSuccess);
  EXPECT_EQ(stored(kOpTopic).back().record.body, "1");
  EXPECT_EQ(rollback(answerTo(asked[0].first)), ResponseCode::kSuccess);
  EXPECT_EQ(stored("T").size(), 1u);
  EXPECT_TRUE(round().empty());
}

TEST_F(CheckServiceTest, NobodyIsAskedBeforeTransactionTimeOutOrAfterTheEnd) {
  commit(sendHalf({.body = "ended"}));
  configure([](BrokerSettings& settings) { settings.transaction_timeout_ms = 100'000; });
  sendHalf();
  EXPECT_TRUE(round().empty());
  EXPECT_TRUE(round().empty());
  EXPECT_TRUE(round().empty());
  EXPECT_EQ(round().size(), 1u);
}

// The producer's clock is five hours ahead.
TEST_F(CheckServiceTest, AClockThatIsAheadDoesNotPutOffTheCheck) {
  clock_.advance(std::chrono::hours(5));
  const TimestampMs ahead = clock_.nowMs();
  clock_.advance(-std::chrono::hours(5));
  send({.properties = {{"TRAN_MSG", "true"}, {"PGROUP", "P"}}, .born_ms = ahead});
  EXPECT_EQ(round().size(), 1u);
}

TEST_F(CheckServiceTest, AMessageMaySayHowLongNobodyIsToBeAsked) {
  sendHalf({.body = "long", .properties = {{"CHECK_IMMUNITY_TIME_IN_SECONDS", "70"}}});
  sendHalf({.body = "nonsense", .properties = {{"CHECK_IMMUNITY_TIME_IN_SECONDS", "soon"}}});
  sendHalf(
      {.body = "huge", .properties = {{"CHECK_IMMUNITY_TIME_IN_SECONDS", "9223372036854775807"}}});
  EXPECT_EQ(round().size(), 1u);
  EXPECT_EQ(round().size(), 1u);
  EXPECT_EQ(round().size(), 2u);
}

TEST_F(CheckServiceTest, AfterTransactionCheckMaxTheMessageIsGivenUp) {
  const EndTransaction half = sendHalf();
  for (int i = 1; i <= 15; ++i) {
    SCOPED_TRACE(i);
    const auto asked = round();
    ASSERT_EQ(asked.size(), 1u);
    const auto record = decodeRecord(asked[0].second);
    EXPECT_EQ(findProperty(record->properties, "TRANSACTION_CHECK_TIMES"), std::to_string(i));
  }
  EXPECT_TRUE(round().empty());
  ASSERT_EQ(givenUp().size(), 1u);
  EXPECT_EQ(givenUp()[0].record.body, "b");
  EXPECT_EQ(givenUp()[0].properties.at("REAL_TOPIC"), "T");
  EXPECT_NE(topics_->find(kCheckMaxTopic), nullptr);
  EXPECT_TRUE(round().empty());
  EXPECT_EQ(commit(half), ResponseCode::kSuccess);
  EXPECT_TRUE(stored("T").empty()) << "its transaction is over";
  restart(false);
  EXPECT_TRUE(round().empty());
  EXPECT_EQ(givenUp().size(), 1u);
}

TEST_F(CheckServiceTest, AMessageOlderThanItsRetentionIsGivenUp) {
  sendHalf();
  clock_.advance(std::chrono::hours(73));
  EXPECT_TRUE(round().empty());
  EXPECT_EQ(givenUp().size(), 1u);
}

TEST_F(CheckServiceTest, AGivenUpMessageCanBeCheckedAnew) {
  configure([](BrokerSettings& settings) { settings.transaction_check_max = 1; });
  const EndTransaction half = sendHalf();
  EXPECT_EQ(checks_->resume(half.commit_log_offset).code(), StatusCode::kOk);
  round();
  round();
  ASSERT_EQ(givenUp().size(), 1u);
  EXPECT_EQ(checks_->resume(half.commit_log_offset).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(checks_->resume(givenUp()[0].record.physical_offset).code(), StatusCode::kOk);
  const auto asked = round();
  ASSERT_EQ(asked.size(), 1u);
  commit(answerTo(asked[0].first));
  EXPECT_EQ(stored("T").size(), 1u);
  for (const int64_t offset :
       {int64_t{-1}, int64_t{1}, int64_t{1} << 60, stored("T")[0].record.physical_offset}) {
    EXPECT_FALSE(checks_->resume(offset).isOk()) << offset;
  }
}

TEST_F(CheckServiceTest, ChecksCountAlsoWhenNobodyIsThere) {
  clients_.removeConnection(1);
  sendHalf();
  EXPECT_TRUE(round().empty());
  EXPECT_EQ(stored(kHalfTopic).back().properties.at("TRANSACTION_CHECK_TIMES"), "1");
}

TEST_F(CheckServiceTest, AProducerWithTooMuchToWriteIsSpared) {
  sendHalf();
  producer_->setCongested(true);
  EXPECT_TRUE(round().empty());
  EXPECT_EQ(stored(kHalfTopic).size(), 1u);
  producer_->setCongested(false);
  EXPECT_EQ(round().size(), 1u);
}

TEST_F(CheckServiceTest, AStepIsBoundedAndTheRoundGoesOn) {
  configure([](BrokerSettings& settings) { settings.commit_log_file_bytes = 1 << 20; });
  for (int i = 0; i < CheckService::kChecksPerStep + 500; ++i) {
    sendHalf();
  }
  clock_.advance(seconds(30));
  EXPECT_EQ(checks_->step(), CheckService::kStepPause);
  EXPECT_EQ(producer_->sentRequests<CheckTransactionState>().size(),
            static_cast<size_t>(CheckService::kChecksPerStep));
  EXPECT_EQ(checks_->step(), milliseconds(0));
  EXPECT_EQ(producer_->sentRequests<CheckTransactionState>().size(),
            static_cast<size_t>(CheckService::kChecksPerStep) + 500);
  EXPECT_GT(checks_->step(), seconds(29));
}

// At the bound, whoever has been asked is asked again, and the next one as soon as there is room.
TEST_F(CheckServiceTest, TooManyUnansweredChecksKeepOnlyNewOnesWaiting) {
  renewed_max_ = 3;
  makeTransactions();
  std::vector<EndTransaction> halves;
  for (int i = 0; i < 5; ++i) {
    halves.push_back(sendHalf({.body = std::to_string(i)}));
  }
  const auto askedFor = [this] {
    std::vector<std::string> ids;
    for (const auto& [check, body] : round()) {
      ids.push_back(check.message_id.value_or(""));
    }
    return ids;
  };
  EXPECT_THAT(askedFor(), ElementsAre("U0", "U1", "U2"));
  EXPECT_THAT(askedFor(), ElementsAre("U0", "U1", "U2"));
  EXPECT_EQ(rollback(halves[1]), ResponseCode::kSuccess);
  EXPECT_THAT(askedFor(), ElementsAre("U3", "U0", "U2"));
}

// What waits must not be taken by retention, nor hold the progress for ever.
TEST_F(CheckServiceTest, AnOldMessageThatIsNotDueIsCarriedOn) {
  const EndTransaction half =
      sendHalf({.properties = {{"CHECK_IMMUNITY_TIME_IN_SECONDS", "3600"}}});
  for (int i = 0; i < 7; ++i) {
    send({.body = std::string(100'000, 'x')});
  }
  EXPECT_TRUE(round().empty());
  const auto halves = stored(kHalfTopic);
  ASSERT_EQ(halves.size(), 2u);
  EXPECT_FALSE(halves[1].properties.contains("TRANSACTION_CHECK_TIMES"));
  EXPECT_EQ(ledger_->progress().half, 1);
  EXPECT_EQ(commit(half), ResponseCode::kSuccess);
  EXPECT_EQ(ledger_->progress().half, 2);
}

TEST_F(CheckServiceTest, ProgressIsKeptUnderRocketMqsNames) {
  commit(sendHalf());
  rollback(sendHalf());
  EXPECT_TRUE(saveProgress(*ledger_, *store_, *offsets_).isOk());
  EXPECT_EQ(offsets_->find("CID_RMQ_SYS_TRANS", "RMQ_SYS_TRANS_HALF_TOPIC", 0), 2);
  EXPECT_EQ(offsets_->find("CID_RMQ_SYS_TRANS", "RMQ_SYS_TRANS_OP_HALF_TOPIC", 0), 0);
}

TEST_F(CheckServiceTest, NothingIsForgottenOrRepeatedByARestart) {
  for (const bool clean : {true, false}) {
    SCOPED_TRACE(clean);
    const std::string name = clean ? "clean" : "killed";
    const EndTransaction open = sendHalf({.body = name + "-open"});
    const EndTransaction checked = sendHalf({.body = name + "-checked"});
    round();
    const EndTransaction ended = sendHalf({.body = name + "-ended"});
    commit(ended);
    rollback(open);
    restart(clean);
    const auto asked = round();
    ASSERT_EQ(asked.size(), 1u);
    EXPECT_EQ(asked[0].first.message_id, "U" + name + "-checked");
    EXPECT_EQ(findProperty(decodeRecord(asked[0].second)->properties, "TRANSACTION_CHECK_TIMES"),
              "2");
    EXPECT_EQ(commit(checked), ResponseCode::kSuccess);
    EXPECT_EQ(commit(ended), ResponseCode::kSuccess);
    EXPECT_TRUE(round().empty());
  }
  EXPECT_EQ(stored("T").size(), 4u);
}

// Killed between the two records of a commit.
TEST_F(CheckServiceTest, ACommitWithoutItsOpRecordIsFoundByARestart) {
  const EndTransaction half = sendHalf();
  ASSERT_TRUE(messages_->putReal(*messages_->at(0)).ok());
  restart(false);
  EXPECT_EQ(stored(kOpTopic).size(), 1u);
  EXPECT_TRUE(round().empty());
  EXPECT_EQ(commit(half), ResponseCode::kSuccess);
  EXPECT_EQ(stored("T").size(), 1u);
}

// RocketMQ 5 names many half messages in one op record; names of half messages that a power cut has
// taken, and nonsense, do no harm.
TEST_F(CheckServiceTest, OpRecordsOfRocketMq5AreRead) {
  for (int i = 0; i < 4; ++i) {
    sendHalf({.body = std::to_string(i)});
  }
  const auto op = [this](std::string_view body, std::string_view tag = "d") {
    const std::string properties = formatProperties({{"TAGS", std::string(tag)}});
    MessageRecord record;
    record.topic = kOpTopic;
    record.body = body;
    record.properties = properties;
    record.born_host = host_;
    record.store_host = host_;
    ASSERT_TRUE(store_->put(record).ok());
  };
  op("0,2,");
  op("1", "x");
  op("-7,,abc,9223372036854775807,99999999999999999999,1000000000000000");
  restart(false);
  const auto asked = round();
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[0].first.message_id, "U1");
  EXPECT_EQ(asked[1].first.message_id, "U3");
}

// RocketMQ's checked copies do not know their first one.
TEST_F(CheckServiceTest, CopiesOfAJavaBrokerAreTransactionsOfTheirOwn) {
  sendHalf();
  ASSERT_TRUE(messages_->putResumed(*messages_->at(0)).ok());
  offsets_->commit(kTransactionGroup, kHalfTopic, 0, 1);
  ASSERT_TRUE(offsets_->persist().isOk());
  restart(false);
  EXPECT_EQ(round().size(), 1u);
}

TEST_F(CheckServiceTest, TheThreadStopsAtOnce) {
  checks_->start();
  checks_->stop();
  checks_->stop();
}

}  // namespace
}  // namespace rocketmq::broker

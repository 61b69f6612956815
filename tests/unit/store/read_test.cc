#include <gmock/gmock.h>

#include <limits>
#include <map>

#include "common/hash.h"
#include "common/message/properties.h"
#include "common/message/sys_flag.h"
#include "store/log/segment.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

using ::testing::ElementsAre;

class StoreReadTest : public StoreTest {
 protected:
  StoreReadTest() {
    options_.commit_log_file_bytes = 4 << 20;
    options_.consume_queue_file_bytes = 1000 * 20;
  }
};

TEST_F(StoreReadTest, GetAnswersByWhereTheOffsetLies) {
  open();
  const auto outcome = [&](int64_t offset) {
    const GetResult result = get("A", 0, offset);
    return std::pair(result.status, result.next_offset);
  };
  EXPECT_EQ(std::pair(GetStatus::kNoMatchedQueue, int64_t{0}), outcome(0));
  EXPECT_EQ(std::pair(GetStatus::kNoMatchedQueue, int64_t{0}), outcome(5));
  send("A", 0, 10);
  EXPECT_EQ(std::pair(GetStatus::kOffsetTooSmall, int64_t{0}), outcome(-1));
  EXPECT_EQ(std::pair(GetStatus::kFound, int64_t{10}), outcome(0));
  EXPECT_EQ(std::pair(GetStatus::kFound, int64_t{10}), outcome(9));
  EXPECT_EQ(std::pair(GetStatus::kOffsetOverflowOne, int64_t{10}), outcome(10));
  EXPECT_EQ(std::pair(GetStatus::kOffsetOverflowBadly, int64_t{10}), outcome(11));
  EXPECT_EQ(std::pair(GetStatus::kOffsetOverflowBadly, int64_t{10}),
            outcome(std::numeric_limits<int64_t>::max()));
  EXPECT_EQ(std::pair(GetStatus::kOffsetTooSmall, int64_t{0}),
            outcome(std::numeric_limits<int64_t>::min()));
  EXPECT_EQ(GetStatus::kNoMatchedQueue, get("A", 1, 0).status);
}

TEST_F(StoreReadTest, QueueWithFilesAndNothingInThemHasNoMessage) {
  writeFile(queueFile("A", 0), std::string(1000 * 20, '\0'));
  open();
  ASSERT_TRUE(put("B", 0, "x").ok());
  EXPECT_EQ(GetStatus::kNoMessageInQueue, get("A", 0, 0).status);
  EXPECT_EQ(0, get("A", 0, 7).next_offset);
}

TEST_F(StoreReadTest, NeighboursInTheLogShareASlice) {
  open();
  send("A", 0, 5);
  send("B", 0, 1);
  send("A", 0, 5);
  const GetResult result = get("A", 0, 0);
  EXPECT_EQ(10, result.message_count);
  EXPECT_EQ(2u, result.slices.size());
  EXPECT_EQ(0, result.min_offset);
  EXPECT_EQ(10, result.max_offset);
  EXPECT_EQ(static_cast<int64_t>(result.slices[0].bytes.size() + result.slices[1].bytes.size()),
            result.bytes);
  EXPECT_FALSE(result.suggest_slave);
}

TEST_F(StoreReadTest, BatchIsLimitedByCountAndBytes) {
  open();
  send("A", 0, 100);
  EXPECT_EQ(1, get("A", 0, 0, 1).message_count);
  EXPECT_EQ(7, get("A", 0, 0, 7).message_count);
  EXPECT_EQ(7, get("A", 0, 0, 7).next_offset);
  EXPECT_EQ(32, get("A", 0, 0, 1000).message_count);  // RocketMQ's own limit.
  EXPECT_EQ(5, get("A", 0, 95).message_count);

  const GetResult one = store_->get({.topic = "A", .offset = 0, .bytes_max = 1});
  EXPECT_EQ(1, one.message_count);  // Whatever its size.
  const GetResult two = store_->get({.topic = "A", .offset = 0, .bytes_max = 2 * one.bytes});
  EXPECT_EQ(2, two.message_count);
}

TEST_F(StoreReadTest, LimitOfBytesInMemoryHoldsWhateverTheRequestSays) {
  open();
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(put("A", 0, std::string(100'000, 'x')).ok());
  }
  const GetResult result = store_->get({.topic = "A", .offset = 0, .bytes_max = 1 << 30});
  EXPECT_EQ(2, result.message_count);
}

TEST_F(StoreReadTest, WhatIsFarBehindComesInSmallerBatchesAndSuggestsTheSlave) {
  options_.live.in_memory_percent_max = 0;
  open();
  send("A", 0, 40);
  const GetResult result = get("A", 0, 0);
  EXPECT_EQ(8, result.message_count);
  EXPECT_TRUE(result.suggest_slave);
  EXPECT_FALSE(store_->isInMemory("A", 0, 0));

  options_.live.in_memory_percent_max = 40;
  store_->updateOptions(options_.live);
  EXPECT_EQ(32, get("A", 0, 0).message_count);
  EXPECT_TRUE(store_->isInMemory("A", 0, 0));
  EXPECT_FALSE(store_->isInMemory("A", 0, 40));
  EXPECT_FALSE(store_->isInMemory("A", 0, -1));
  EXPECT_FALSE(store_->isInMemory("none", 0, 0));
}

TEST_F(StoreReadTest, WhoMustNotWaitGetsWhatIsInTheCacheOnly) {
  open();
  send("A", 0, 10);
  const auto status = [this](int64_t offset) {
    return store_->get({.topic = "A", .offset = offset, .no_wait = true}).status;
  };
  EXPECT_EQ(GetStatus::kFound, status(0));
  for (const char* part : {"/commitlog/", "/consumequeue/"}) {
    files_.setFaultPath(part);
    files_.is_cold = true;
    EXPECT_EQ(GetStatus::kFound, status(0)) << "what was seen is believed for a second";
    clock_.advance(std::chrono::seconds(1));
    EXPECT_EQ(GetStatus::kWouldWait, status(0));
    EXPECT_EQ(GetStatus::kOffsetOverflowOne, status(10));
    EXPECT_EQ(GetStatus::kFound, get("A", 0, 0).status);
    files_.is_cold = false;
  }
}

// The log's first file has gone to the disk, the second has not.
TEST_F(StoreReadTest, WhoMustNotWaitGetsTheMessagesInFrontOfTheFirstColdOne) {
  options_.commit_log_file_bytes = 2048;
  open();
  send("A", 0, 40);
  files_.setFaultPath("/commitlog/" + segmentFileName(2048));
  files_.is_cold = true;
  const GetResult found = store_->get({.topic = "A", .no_wait = true});
  EXPECT_EQ(GetStatus::kFound, found.status);
  EXPECT_GT(found.message_count, 0);
  EXPECT_LT(found.message_count, 32);
  EXPECT_EQ(found.message_count, found.next_offset);
  EXPECT_EQ(GetStatus::kWouldWait,
            store_->get({.topic = "A", .offset = found.next_offset, .no_wait = true}).status);
}

/// Wants one tag and, optionally, one body.
class OneTag final : public MessageFilter {
 public:
  explicit OneTag(std::string_view tag, std::string body = "")
      : code_(tagsCode(tag)), body_(std::move(body)) {}
  bool matchesTagsCode(int64_t tags_code) const override { return tags_code == code_; }
  bool matchesRecord(std::string_view record) const override {
    return body_.empty() || decodeRecord(record)->body == body_;
  }

 private:
  const int64_t code_;
  const std::string body_;
};

TEST_F(StoreReadTest, FilterChoosesByTagAndByRecord) {
  open();
  for (int i = 0; i < 20; ++i) {
    const std::string tag = i % 2 == 0 ? "even" : "odd";
    ASSERT_TRUE(put("A", 0, "m" + std::to_string(i), properties({{"TAGS", tag}})).ok());
  }
  const OneTag even("even");
  GetResult result = store_->get({.topic = "A", .offset = 0, .filter = &even});
  EXPECT_EQ(10, result.message_count);
  EXPECT_EQ(20, result.next_offset);
  EXPECT_EQ(10u, result.slices.size());

  const OneTag m4("even", "m4");
  result = store_->get({.topic = "A", .offset = 0, .filter = &m4});
  EXPECT_EQ(1, result.message_count);
  EXPECT_EQ("m4", decodeRecord(result.slices[0].bytes)->body);

  const OneTag none("none");
  result = store_->get({.topic = "A", .offset = 3, .filter = &none});
  EXPECT_EQ(GetStatus::kNoMatchedMessage, result.status);
  EXPECT_EQ(20, result.next_offset);
}

// What a Java broker with enableConsumeQueueExt leaves in the queues: unit n is at 20 x n.
TEST_F(StoreReadTest, AddressesOfTheConsumeQueueExtensionAreReadAsWhatTheRecordSays) {
  options_.delay_level_ms = {1000, 5000};
  open();
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(
        put("A", 0, "m" + std::to_string(i), properties({{"TAGS", i % 2 == 0 ? "even" : "odd"}}))
            .ok());
  }
  const std::string delayed = properties({{"DELAY", "2"}, {"TAGS", "x"}});
  const TimestampMs stored_ms = put("SCHEDULE_TOPIC_XXXX", 1, "later", delayed).store_timestamp_ms;
  close();
  for (int64_t i = 0; i < 4; ++i) {
    patchFile(queueFile("A", 0), i * 20 + 12,
              std::string("\x80\0\0\0\0\0\0", 7) + static_cast<char>(20 * i));
  }
  patchFile(queueFile("SCHEDULE_TOPIC_XXXX", 1), 12, std::string("\x80\0\0\0\0\0\0\x64", 8));
  open();
  const OneTag even("even");
  const GetResult result = store_->get({.topic = "A", .offset = 0, .filter = &even});
  EXPECT_EQ(2, result.message_count);
  EXPECT_EQ(4, result.next_offset);
  EXPECT_EQ(tagsCode("odd"), store_->queueEntries("A", 0, 1, 1).at(0).tags_code);
  EXPECT_EQ(stored_ms + 5000, store_->queueEntries("SCHEDULE_TOPIC_XXXX", 1, 0, 1).at(0).tags_code);
}

TEST_F(StoreReadTest, OneGetScansABoundedNumberOfEntries) {
  options_.consume_queue_file_bytes = 100 * 20;
  open();
  send("A", 0, 1000);
  const OneTag none("none");
  const GetResult result = store_->get({.topic = "A", .offset = 10, .filter = &none});
  EXPECT_EQ(GetStatus::kNoMatchedMessage, result.status);
  EXPECT_EQ(10 + 800, result.next_offset);  // 16000 bytes of entries.
}

TEST_F(StoreReadTest, BatchGetsConsecutiveOffsetsAllOrNone) {
  open();
  send("A", 0, 1);
  std::vector<MessageRecord> batch = {message("A", 0, "b0"), message("A", 0, "b1"),
                                      message("A", 0, "b2")};
  const PutResult result = store_->putBatch(batch);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(1, result.queue_offset);
  EXPECT_EQ(3u, result.physical_offsets.size());
  EXPECT_THAT(bodies("A", 0), ElementsAre("m0", "b0", "b1", "b2"));

  const auto refused = [&](std::vector<MessageRecord> messages) {
    const PutResult outcome = store_->putBatch(messages);
    EXPECT_NE("", outcome.detail);
    return outcome.status;
  };
  EXPECT_EQ(PutStatus::kMessageIllegal, refused({}));
  batch[2].queue_id = 1;
  EXPECT_EQ(PutStatus::kMessageIllegal, refused(batch));
  batch[2] = message("B", 0, "b2");
  EXPECT_EQ(PutStatus::kMessageIllegal, refused(batch));
  batch[2] = message("A", 0, "b2");
  batch[2].sys_flag = sys_flag::kTransactionPrepared;
  EXPECT_EQ(PutStatus::kMessageIllegal, refused(batch));
  const std::string delayed = properties({{"DELAY", "3"}});
  batch[2] = message("A", 0, "b2", delayed);
  EXPECT_EQ(PutStatus::kMessageIllegal, refused(batch));
  const std::string large(3 << 20, 'x');
  EXPECT_EQ(PutStatus::kMessageIllegal, refused({message("A", 0, large), message("A", 0, large)}));
  EXPECT_EQ(4, store_->maxOffset("A", 0));
}

TEST_F(StoreReadTest, IllegalMessagesAreRefused) {
  options_.live.message_bytes_max = 1000;
  open();
  const auto refusal = [&](const MessageRecord& record) {
    const PutResult result = store_->put(record);
    return result.status == PutStatus::kMessageIllegal ? result.detail : "taken";
  };
  EXPECT_EQ("taken", refusal(message("A", 0, std::string(1000, 'x'))));
  EXPECT_NE("taken", refusal(message("A", 0, std::string(1001, 'x'))));
  EXPECT_EQ("taken", refusal(message("A", 0, "x", std::string(32767, 'p'))));
  EXPECT_NE("taken", refusal(message("A", 0, "x", std::string(32768, 'p'))));
  EXPECT_EQ("taken", refusal(message(std::string(255, 't'), 0, "x")));
  EXPECT_NE("taken", refusal(message(std::string(256, 't'), 0, "x")));
  EXPECT_NE("taken", refusal(message("A", 0, "x", std::string("a\1z\0", 4))));
  for (const std::string_view topic : {"", ".", "..", "a/b", "../x"}) {
    EXPECT_NE("taken", refusal(message(topic, 0, "x"))) << topic;
  }
  EXPECT_NE("taken", refusal(message("A", -1, "x")));
  EXPECT_EQ(2, store_->maxOffset("A", 0));
  EXPECT_GE(store_->counters().put_failures, 8);

  options_.live.message_bytes_max = 10;
  store_->updateOptions(options_.live);
  EXPECT_NE("taken", refusal(message("A", 0, "eleven long")));
}

TEST_F(StoreReadTest, MessageLargerThanALogFileIsRefused) {
  options_.commit_log_file_bytes = 4096;
  open();
  EXPECT_EQ(PutStatus::kMessageIllegal, put("A", 0, std::string(4096, 'x')).status);
  EXPECT_TRUE(put("A", 0, std::string(3900, 'x')).ok());
}

TEST_F(StoreReadTest, EmptyBodyAndPropertiesAreStored) {
  open();
  ASSERT_TRUE(put("A", 0, "").ok());
  restart();
  EXPECT_THAT(bodies("A", 0), ElementsAre(""));
}

TEST_F(StoreReadTest, RecordIsFoundByWhereItBeginsAndNowhereElse) {
  open();
  send("A", 0, 2);
  const PutResult third = put("A", 0, "third");
  const auto found = store_->recordAt(third.physical_offsets.front());
  ASSERT_TRUE(found.ok());
  EXPECT_EQ("third", decodeRecord(found->bytes)->body);
  for (const int64_t offset : {int64_t{-1}, int64_t{1}, third.end_offset, third.end_offset - 1,
                               int64_t{1} << 40, std::numeric_limits<int64_t>::max()}) {
    EXPECT_EQ(StatusCode::kNotFound, store_->recordAt(offset).status().code()) << offset;
  }
}

TEST_F(StoreReadTest, QueueEntriesAreListed) {
  open();
  send("A", 0, 10);
  EXPECT_EQ(10u, store_->queueEntries("A", 0, 0, 100).size());
  EXPECT_EQ(3u, store_->queueEntries("A", 0, 7, 100).size());
  EXPECT_EQ(2u, store_->queueEntries("A", 0, 3, 2).size());
  EXPECT_TRUE(store_->queueEntries("A", 0, 10, 1).empty());
  EXPECT_TRUE(store_->queueEntries("A", 0, -1, 1).empty());
  EXPECT_TRUE(store_->queueEntries("A", 0, 0, -1).empty());
  EXPECT_TRUE(store_->queueEntries("B", 0, 0, 1).empty());
}

class StoreTimeTest : public StoreReadTest {
 protected:
  /// Messages stored at start + 0, 10, 10, 10, 20, 40 ms.
  void fill() {
    open();
    start_ = clock_.nowMs();
    TimestampMs at = start_;
    for (const int64_t offset : {0, 10, 10, 10, 20, 40}) {
      clock_.advance(std::chrono::milliseconds(start_ + offset - at));
      at = start_ + offset;
      ASSERT_TRUE(put("A", 0, "x").ok());
    }
  }
  int64_t lower(int64_t after) const {
    return store_->offsetByTime("A", 0, start_ + after, TimeBoundary::kLower).value();
  }
  int64_t upper(int64_t after) const {
    return store_->offsetByTime("A", 0, start_ + after, TimeBoundary::kUpper).value();
  }
  TimestampMs start_ = 0;
};

TEST_F(StoreTimeTest, LowerIsTheFirstAtOrAfter) {
  fill();
  const std::map<int64_t, int64_t> expected = {{-1, 0}, {0, 0},  {1, 1},  {10, 1}, {11, 4},
                                               {20, 4}, {21, 5}, {40, 5}, {41, 6}, {1000, 6}};
  for (const auto& [after, offset] : expected) {
    EXPECT_EQ(offset, lower(after)) << after;
  }
}

TEST_F(StoreTimeTest, UpperIsTheLastAtOrBefore) {
  fill();
  const std::map<int64_t, int64_t> expected = {{-1, 0}, {0, 0},  {1, 0},  {10, 3}, {11, 3},
                                               {20, 4}, {21, 4}, {40, 5}, {41, 5}, {1000, 5}};
  for (const auto& [after, offset] : expected) {
    EXPECT_EQ(offset, upper(after)) << after;
  }
}

TEST_F(StoreTimeTest, ExtremesAndUnknownQueuesAreHarmless) {
  fill();
  for (const TimestampMs time :
       {std::numeric_limits<TimestampMs>::min(), std::numeric_limits<TimestampMs>::max()}) {
    const bool late = time > 0;
    EXPECT_EQ(late ? 6 : 0, store_->offsetByTime("A", 0, time, TimeBoundary::kLower).value());
    EXPECT_EQ(late ? 5 : 0, store_->offsetByTime("A", 0, time, TimeBoundary::kUpper).value());
    EXPECT_EQ(0, store_->offsetByTime("B", 0, time, TimeBoundary::kLower).value());
  }
}

// Promise: what cannot be read for now, as in a process without another descriptor, is not told to
// be gone.
TEST_F(StoreTimeTest, WhatCannotBeReadNowIsNoAnswer) {
  options_.message_index_enable = false;  // It would map the log to read it.
  options_.commit_log_file_bytes = kLogFileBytes;
  fill();
  send("B", 0, 200, std::string(200, 'x'));
  for (const std::string part : {"commitlog/", "consumequeue/A/"}) {
    SCOPED_TRACE(part);
    restart();
    files_.setFaultPath(part);
    files_.fail_map = true;
    for (const TimeBoundary boundary : {TimeBoundary::kLower, TimeBoundary::kUpper}) {
      EXPECT_EQ(StatusCode::kIo,
                store_->offsetByTime("A", 0, start_ + 20, boundary).status().code());
    }
    EXPECT_FALSE(store_->storeTime("A", 0, 4).has_value());
    const GetResult got = get("A", 0, 1);
    EXPECT_EQ(GetStatus::kUnreadable, got.status);
    EXPECT_EQ(1, got.next_offset);
    const bool is_log = part == "commitlog/";
    EXPECT_EQ(is_log ? StatusCode::kIo : StatusCode::kOk, store_->recordAt(0).status().code());
    EXPECT_EQ(is_log ? StatusCode::kIo : StatusCode::kOk, store_->logBytes(0, 100).status().code());
    files_.fail_map = false;
    EXPECT_EQ(4, lower(20));
    EXPECT_EQ(4, upper(20));
    EXPECT_EQ(2, get("A", 0, 1, 1).next_offset);
  }
}

TEST_F(StoreTimeTest, StoreTimesAreTold) {
  EXPECT_EQ("", tryOpen().message());
  EXPECT_FALSE(store_->earliestStoreTime().has_value());
  close();
  fill();
  EXPECT_EQ(start_, store_->earliestStoreTime());
  EXPECT_EQ(start_ + 20, store_->storeTime("A", 0, 4));
  EXPECT_FALSE(store_->storeTime("A", 0, 6).has_value());
  EXPECT_FALSE(store_->storeTime("A", 0, -1).has_value());
  EXPECT_FALSE(store_->storeTime("B", 0, 0).has_value());
}

TEST_F(StoreReadTest, CountersCount) {
  open();
  send("A", 0, 3);
  get("A", 0, 0);
  get("A", 0, 3);
  const StoreCounters counters = store_->counters();
  EXPECT_EQ(3, counters.put_messages);
  EXPECT_EQ(store_->commitLogMaxOffset(), counters.put_bytes);
  EXPECT_EQ(3, counters.put_durations[0]);
  EXPECT_EQ(1, counters.get_found);
  EXPECT_EQ(1, counters.get_missed);
  EXPECT_EQ(3, counters.get_messages);
}

TEST_F(StoreReadTest, ArrivalIsToldWithEverythingAReaderNeeds) {
  struct Told {
    std::string topic;
    int32_t queue_id;
    int64_t queue_offset;
    int64_t tags_code;
    TimestampMs time;
    std::string properties;
    bool operator==(const Told&) const = default;
  };
  std::vector<Told> told;
  listener_ = [&](const Arrival& arrival) {
    told.push_back({std::string(arrival.topic), arrival.queue_id, arrival.queue_offset,
                    arrival.tags_code, arrival.store_timestamp_ms,
                    std::string(arrival.properties)});
  };
  open();
  const std::string tagged = properties({{"TAGS", "T"}, {"KEYS", "k"}});
  ASSERT_TRUE(put("A", 2, "x").ok());
  ASSERT_TRUE(put("A", 2, "y", tagged).ok());
  MessageRecord half = message("A", 2, "half");
  half.sys_flag = sys_flag::kTransactionPrepared;
  ASSERT_TRUE(store_->put(half).ok());
  const TimestampMs now = clock_.nowMs();
  EXPECT_THAT(
      told, ElementsAre(Told{"A", 2, 0, 0, now, ""}, Told{"A", 2, 1, tagsCode("T"), now, tagged}));
  crash();
  EXPECT_EQ(2u, told.size());  // Recovery tells nobody.
}

}  // namespace
}  // namespace rocketmq::store::test

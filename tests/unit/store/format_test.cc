#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>

#include "common/bytes.h"
#include "common/hash.h"
#include "common/message/sys_flag.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::string bytesAt(const std::string& path, int64_t offset, size_t count) {
  return readFile(path).substr(static_cast<size_t>(offset), count);
}

template <class T>
T numberAt(const std::string& path, int64_t offset) {
  return loadBigEndian<T>(bytesAt(path, offset, sizeof(T)).data());
}

class StoreFormatTest : public StoreTest {};

TEST_F(StoreFormatTest, RecordLiesInTheLogByteForByte) {
  open();
  const std::string text = properties({{"TAGS", "TagA"}});
  MessageRecord record = message("TopicA", 3, "hello", text);
  record.flag = 7;
  record.reconsume_times = 2;
  record.prepared_transaction_offset = 99;
  const PutResult result = store_->put(record);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(0, result.physical_offsets.front());
  EXPECT_EQ(clock_.nowMs(), result.store_timestamp_ms);
  close();

  const std::string stored = readFile(logFile(0));
  EXPECT_EQ(kLogFileBytes, std::ssize(stored));
  EXPECT_EQ(
      "00000070"          // TOTALSIZE 112
      "daa320a7"          // MAGICCODE
      "3610a686"          // BODYCRC of "hello"
      "00000003"          // QUEUEID
      "00000007"          // FLAG
      "0000000000000000"  // QUEUEOFFSET
      "0000000000000000"  // PHYSICALOFFSET
      "00000000"          // SYSFLAG
      "0000018bcfe56800"  // BORNTIMESTAMP 1700000000000
      "0a010203000011d7"  // BORNHOST
      "0000018bcfe56800"  // STORETIMESTAMP
      "7f00000100002a9f"  // STOREHOST
      "00000002"          // RECONSUMETIMES
      "0000000000000063"  // PREPAREDTRANSOFFSET
      "00000005"
      "68656c6c6f"  // body
      "06"
      "546f70696341"  // topic
      "000a"
      "544147530154616741"
      "02",  // properties
      hex(stored.substr(0, 112)));
  EXPECT_TRUE(isZero(stored.substr(112)));
}

TEST_F(StoreFormatTest, QueueEntryHoldsPlaceSizeAndHashOfTheTag) {
  open();
  ASSERT_TRUE(put("TopicA", 3, "first").ok());
  const PutResult second = put("TopicA", 3, "second", properties({{"TAGS", "TagA"}}));
  const PutResult other = put("TopicA", 4, "other");
  close();

  const std::string path = queueFile("TopicA", 3);
  EXPECT_EQ(kQueueFileBytes, std::ssize(readFile(path)));
  EXPECT_EQ(0, numberAt<int64_t>(path, 0));
  EXPECT_EQ(0, numberAt<int64_t>(path, 12));  // No tag, no code.
  EXPECT_EQ(second.physical_offsets.front(), numberAt<int64_t>(path, 20));
  EXPECT_EQ(second.end_offset - second.physical_offsets.front(), numberAt<int32_t>(path, 28));
  EXPECT_EQ(2598919, numberAt<int64_t>(path, 32));
  EXPECT_TRUE(isZero(readFile(path).substr(40)));
  EXPECT_EQ(other.physical_offsets.front(), numberAt<int64_t>(queueFile("TopicA", 4), 0));
}

TEST_F(StoreFormatTest, NegativeTagHashIsSignExtended) {
  open();
  const std::string tag = "polygenelubricants";  // Its Java hash is the smallest int32.
  ASSERT_TRUE(put("TopicA", 0, "x", properties({{"TAGS", tag}})).ok());
  close();
  EXPECT_EQ("ffffffff80000000", hex(bytesAt(queueFile("TopicA", 0), 12, 8)));
}

TEST_F(StoreFormatTest, ScheduleQueueEntryHoldsTheDeliveryTime) {
  options_.delay_level_ms = {1000, 5000};
  open();
  const std::string topic = "SCHEDULE_TOPIC_XXXX";
  const auto tags_code = [&](std::string_view level) {
    const PutResult result = put(topic, 1, "x", properties({{"DELAY", level}, {"TAGS", "T"}}));
    return store_->queueEntries(topic, 1, result.queue_offset, 1).at(0).tags_code;
  };
  EXPECT_EQ(clock_.nowMs() + 1000, tags_code("1"));
  EXPECT_EQ(clock_.nowMs() + 5000, tags_code("2"));
  EXPECT_EQ(clock_.nowMs() + 5000, tags_code("18"));  // Capped to the last level.
  EXPECT_EQ(tagsCode("T"), tags_code("0"));
  EXPECT_EQ(tagsCode("T"), tags_code("nonsense"));
}

TEST_F(StoreFormatTest, ScheduleQueueWithoutLevelsDelaysOneSecond) {
  open();
  ASSERT_TRUE(put("SCHEDULE_TOPIC_XXXX", 0, "x", properties({{"DELAY", "3"}})).ok());
  EXPECT_EQ(clock_.nowMs() + 1000,
            store_->queueEntries("SCHEDULE_TOPIC_XXXX", 0, 0, 1).at(0).tags_code);
}

TEST_F(StoreFormatTest, PreparedAndRolledBackRecordsTakeNoQueueOffset) {
  open();
  ASSERT_TRUE(put("TopicT", 0, "plain").ok());
  MessageRecord record = message("TopicT", 0, "prepared");
  record.sys_flag = sys_flag::kTransactionPrepared;
  EXPECT_EQ(0, store_->put(record).queue_offset);
  record.sys_flag = sys_flag::kTransactionRollback;
  const PutResult rollback = store_->put(record);
  EXPECT_EQ(0, rollback.queue_offset);
  record.sys_flag = sys_flag::kTransactionCommit;
  record.body = "committed";
  EXPECT_EQ(1, store_->put(record).queue_offset);
  EXPECT_THAT(bodies("TopicT", 0), ::testing::ElementsAre("plain", "committed"));
  EXPECT_EQ(0, store_->dispatchBehindBytes());

  const auto in_log = store_->recordAt(rollback.physical_offsets.front());
  ASSERT_TRUE(in_log.ok());
  EXPECT_EQ(0, decodeRecord(in_log->bytes)->queue_offset);
}

TEST_F(StoreFormatTest, LogFileEndsWithABlankOfEightBytesAndTheRecordGoesToTheNext) {
  open();
  // Leaves exactly 7 bytes too few: a record must keep 8 bytes free behind it.
  const auto record_bytes = static_cast<int64_t>(encodedSize(message("T", 0, "")));
  const std::string filler(static_cast<size_t>(kLogFileBytes / 2 - record_bytes), 'f');
  ASSERT_TRUE(put("T", 0, filler).ok());
  const std::string too_long(static_cast<size_t>(kLogFileBytes / 2 - record_bytes - 7), 'g');
  const PutResult second = put("T", 0, too_long);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(kLogFileBytes, second.physical_offsets.front());
  close();

  const std::string first_file = readFile(logFile(0));
  EXPECT_EQ("00002000cbd43194", hex(first_file.substr(kLogFileBytes / 2, 8)));
  EXPECT_TRUE(isZero(first_file.substr(kLogFileBytes / 2 + 8)));
}

TEST_F(StoreFormatTest, RecordThatLeavesEightBytesStaysInTheFile) {
  open();
  const auto record_bytes = static_cast<int64_t>(encodedSize(message("T", 0, "")));
  const std::string filler(static_cast<size_t>(kLogFileBytes - record_bytes - 8), 'f');
  EXPECT_EQ(0, put("T", 0, filler).physical_offsets.front());
  EXPECT_EQ(kLogFileBytes, put("T", 0, "next").physical_offsets.front());
  close();
  EXPECT_EQ("00000008cbd43194", hex(readFile(logFile(0)).substr(kLogFileBytes - 8)));
}

TEST_F(StoreFormatTest, BatchIsNeverSplitOverFiles) {
  open();
  const std::string filler(kLogFileBytes / 2, 'f');
  ASSERT_TRUE(put("T", 0, filler).ok());
  const std::string item(kLogFileBytes / 5, 'i');
  const std::vector<MessageRecord> batch(3, message("T", 0, item));
  const PutResult result = store_->putBatch(batch);
  ASSERT_TRUE(result.ok()) << result.detail;
  EXPECT_EQ(1, result.queue_offset);
  const auto bytes = static_cast<int64_t>(encodedSize(batch[0]));
  EXPECT_THAT(result.physical_offsets, ::testing::ElementsAre(kLogFileBytes, kLogFileBytes + bytes,
                                                              kLogFileBytes + 2 * bytes));
  EXPECT_EQ(kLogFileBytes + 3 * bytes, result.end_offset);
  EXPECT_THAT(bodies("T", 0), ::testing::ElementsAre(filler, item, item, item));
}

TEST_F(StoreFormatTest, QueueThatStartsLateIsFilledWithPreBlankEntries) {
  // The log's only record has queue offset 57: it lies in the second queue file.
  open();
  ASSERT_TRUE(put("T", 0, "x").ok());
  close();
  std::string queue_offset(8, '\0');
  storeBigEndian(queue_offset.data(), int64_t{57});
  patchFile(logFile(0), 20, queue_offset);
  std::filesystem::remove_all(root() + "/consumequeue");

  open();
  EXPECT_EQ(57, store_->minOffset("T", 0));
  EXPECT_EQ(58, store_->maxOffset("T", 0));
  EXPECT_THAT(bodies("T", 0, 57), ::testing::ElementsAre("x"));
  ASSERT_TRUE(put("T", 0, "y").ok());
  restart();
  EXPECT_EQ(57, store_->minOffset("T", 0));
  EXPECT_THAT(bodies("T", 0, 57), ::testing::ElementsAre("x", "y"));
  close();

  EXPECT_FALSE(std::filesystem::exists(queueFile("T", 0, 0)));
  const std::string path = queueFile("T", 0, kQueueFileBytes);
  for (int64_t entry = 0; entry < 7; ++entry) {
    EXPECT_EQ("00000000000000007fffffff0000000000000000", hex(bytesAt(path, entry * 20, 20)));
  }
  EXPECT_EQ(int64_t{0}, numberAt<int64_t>(path, 7 * 20));
  EXPECT_EQ(93, numberAt<int32_t>(path, 7 * 20 + 8));
}

TEST_F(StoreFormatTest, IndexFileHoldsHeaderSlotsAndChainedEntries) {
  open();
  ASSERT_TRUE(put("T", 0, "a", properties({{"UNIQ_KEY", "U1"}, {"KEYS", "k1 k2"}})).ok());
  clock_.advance(std::chrono::milliseconds(2500));
  const PutResult second = put("T", 0, "b", properties({{"KEYS", "k1"}}));
  close();

  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(root() + "/index")) {
    names.push_back(entry.path().filename());
  }
  ASSERT_EQ(1u, names.size());
  EXPECT_THAT(names[0], ::testing::MatchesRegex("[0-9]{17}"));
  const std::string path = root() + "/index/" + names[0];
  EXPECT_EQ(40 + 64 * 4 + 256 * 20, std::ssize(readFile(path)));

  const TimestampMs begin = clock_.nowMs() - 2500;
  EXPECT_EQ(begin, numberAt<int64_t>(path, 0));
  EXPECT_EQ(clock_.nowMs(), numberAt<int64_t>(path, 8));
  EXPECT_EQ(0, numberAt<int64_t>(path, 16));
  EXPECT_EQ(second.physical_offsets.front(), numberAt<int64_t>(path, 24));
  EXPECT_EQ(3, numberAt<int32_t>(path, 32));  // Three slots used by four entries.
  EXPECT_EQ(5, numberAt<int32_t>(path, 36));  // Counting begins at one.

  const int32_t hash = std::abs(javaStringHash("T#k1"));
  const int64_t entries = 40 + 64 * 4;
  EXPECT_EQ(4, numberAt<int32_t>(path, 40 + hash % 64 * 4));
  EXPECT_TRUE(isZero(bytesAt(path, entries, 20)));
  EXPECT_EQ(std::abs(javaStringHash("T#U1")), numberAt<int32_t>(path, entries + 20));
  EXPECT_EQ(hash, numberAt<int32_t>(path, entries + 40));
  EXPECT_EQ(0, numberAt<int32_t>(path, entries + 40 + 16));
  EXPECT_EQ(hash, numberAt<int32_t>(path, entries + 80));
  EXPECT_EQ(second.physical_offsets.front(), numberAt<int64_t>(path, entries + 80 + 4));
  EXPECT_EQ(2, numberAt<int32_t>(path, entries + 80 + 12));  // Whole seconds.
  EXPECT_EQ(2, numberAt<int32_t>(path, entries + 80 + 16));  // The older entry of the slot.
}

TEST_F(StoreFormatTest, CheckpointHoldsTheTimesAndKeepsWhatItDoesNotKnow) {
  open();
  ASSERT_TRUE(put("T", 0, "x").ok());
  close();
  const std::string path = root() + "/checkpoint";
  EXPECT_EQ(4096, std::ssize(readFile(path)));
  EXPECT_EQ(clock_.nowMs(), numberAt<int64_t>(path, 0));
  EXPECT_EQ(clock_.nowMs(), numberAt<int64_t>(path, 8));
  EXPECT_EQ(0, numberAt<int64_t>(path, 16));  // No index file has become full.

  patchFile(path, 24, "what RocketMQ 5 keeps here");
  open();
  clock_.advance(std::chrono::seconds(1));
  ASSERT_TRUE(put("T", 0, "y").ok());
  close();
  EXPECT_EQ(clock_.nowMs(), numberAt<int64_t>(path, 0));
  EXPECT_EQ("what RocketMQ 5 keeps here", bytesAt(path, 24, 26));
}

TEST_F(StoreFormatTest, RunningStoreHasLockAndAbortAndACleanOneHasNoAbort) {
  open();
  EXPECT_EQ("lock", readFile(root() + "/lock"));
  EXPECT_EQ(std::to_string(::getpid()), readFile(root() + "/abort"));
  close();
  EXPECT_EQ("lock", readFile(root() + "/lock"));
  EXPECT_FALSE(std::filesystem::exists(root() + "/abort"));
}

TEST_F(StoreFormatTest, NextLogFileIsFullSizeFromBirthAndGoesWhenUnused) {
  open();
  ASSERT_TRUE(put("T", 0, "x").ok());
  EXPECT_TRUE(eventually([&] { return std::filesystem::exists(logFile(kLogFileBytes)); }));
  EXPECT_TRUE(
      eventually([&] { return std::ssize(readFile(logFile(kLogFileBytes))) == kLogFileBytes; }));
  close();
  EXPECT_TRUE(std::filesystem::exists(logFile(0)));
  EXPECT_FALSE(std::filesystem::exists(logFile(kLogFileBytes)));
}

}  // namespace
}  // namespace rocketmq::store::test

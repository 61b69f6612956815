#include "common/message/record.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/message/message_id.h"
#include "common/message/properties.h"
#include "common/message/sys_flag.h"
#include "tests/unit/common/hex.h"

namespace rocketmq {
namespace {

HostAddress host(std::string_view text) {
  const auto address = HostAddress::parse(text);
  EXPECT_TRUE(address.ok()) << text;
  return address.ok() ? *address : HostAddress{};
}

std::string encode(const MessageRecord& record) {
  std::string bytes(encodedSize(record), '\xEE');
  encodeRecord(record, bytes.data());
  return bytes;
}

// RocketMQ's Java decoders read the first two; the third was fetched from a running 4.9 broker.
const std::string kHelloBytes = test::fromHex(R"(
  00 00 00 af da a3 20 a7 77 d1 89 82 00 00 00 03
  00 00 00 00 00 00 00 00 00 00 00 07 00 00 00 00
  00 00 10 00 00 00 00 00 00 00 01 8b cf e5 68 00
  0a 00 00 05 00 00 c3 50 00 00 01 8b cf e5 68 7b
  0a 00 00 09 00 00 2a 9f 00 00 00 00 00 00 00 00
  00 00 00 00 00 00 00 05 48 65 6c 6c 6f 09 54 6f
  70 69 63 54 65 73 74 00 46 55 4e 49 51 5f 4b 45
  59 01 43 30 30 30 30 32 30 32 32 42 41 37 35 46
  46 44 32 42 32 37 36 37 44 38 33 45 44 39 30 30
  30 30 02 57 41 49 54 01 74 72 75 65 02 54 41 47
  53 01 54 61 67 41 02 4b 45 59 53 01 6b 31 02)");

const std::string kIpv6Bytes = test::fromHex(R"(
  00 00 00 75 da a3 20 a7 0c dc 16 83 00 00 00 00
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
  00 00 00 00 00 00 00 30 00 00 00 00 00 00 00 00
  20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01
  00 00 c3 50 00 00 00 00 00 00 00 00 20 01 0d b8
  00 00 00 00 00 00 00 00 00 00 00 02 00 00 2a 9f
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01
  78 01 54 00 00)");

const std::string kStoredBy49Bytes = test::fromHex(R"(
  00 00 00 b8 da a3 20 a7 36 10 a6 86 00 00 00 01
  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
  00 00 00 00 00 00 00 00 00 00 01 a1 fc 2c f8 ee
  7f 00 00 01 00 00 d8 30 00 00 01 a1 fc 2c f9 44
  7f 00 00 01 00 00 9f cf 00 00 00 00 00 00 00 00
  00 00 00 00 00 00 00 05 68 65 6c 6c 6f 06 54 6f
  70 69 63 41 00 52 4b 45 59 53 01 6b 31 02 55 4e
  49 51 5f 4b 45 59 01 37 46 30 30 30 30 30 31 30
  30 30 30 31 32 33 34 35 36 37 38 39 30 41 42 43
  44 45 46 30 30 30 30 02 43 4c 55 53 54 45 52 01
  44 65 66 61 75 6c 74 43 6c 75 73 74 65 72 02 54
  41 47 53 01 54 61 67 41)");

MessageRecord helloRecord() {
  MessageRecord record;
  record.queue_id = 3;
  record.queue_offset = 7;
  record.physical_offset = 4096;
  record.born_timestamp_ms = 1'700'000'000'000;
  record.born_host = host("10.0.0.5:50000");
  record.store_timestamp_ms = 1'700'000'000'123;
  record.store_host = host("10.0.0.9:10911");
  record.body = "Hello";
  record.topic = "TopicTest";
  record.properties =
      "UNIQ_KEY\x01"
      "C00002022BA75FFD2B2767D83ED90000\x02"
      "WAIT\x01true\x02TAGS\x01TagA\x02KEYS\x01k1\x02";
  return record;
}

MessageRecord ipv6Record() {
  MessageRecord record;
  record.born_host = host("[2001:db8::1]:50000");
  record.store_host = host("[2001:db8::2]:10911");
  record.body = "x";
  record.topic = "T";
  return record;
}

TEST(RecordTest, EncodesAMessageAsRocketMqDoes) { EXPECT_EQ(encode(helloRecord()), kHelloBytes); }

TEST(RecordTest, EncodesIpv6HostsAndSetsTheirBits) { EXPECT_EQ(encode(ipv6Record()), kIpv6Bytes); }

TEST(RecordTest, DecodesEveryFieldOfAMessageOfRocketMq) {
  const auto record = decodeRecord(kHelloBytes, CrcCheck::kVerify);
  ASSERT_TRUE(record.ok()) << record.status().message();
  const MessageRecord expected = helloRecord();
  EXPECT_EQ(record->total_size, 175);
  EXPECT_EQ(record->body_crc, 0x77d18982u);
  EXPECT_EQ(record->queue_id, 3);
  EXPECT_EQ(record->flag, 0);
  EXPECT_EQ(record->queue_offset, 7);
  EXPECT_EQ(record->physical_offset, 4096);
  EXPECT_EQ(record->sys_flag, 0);
  EXPECT_EQ(record->born_timestamp_ms, expected.born_timestamp_ms);
  EXPECT_EQ(record->born_host.toString(), "10.0.0.5:50000");
  EXPECT_EQ(record->store_timestamp_ms, expected.store_timestamp_ms);
  EXPECT_EQ(record->store_host.toString(), "10.0.0.9:10911");
  EXPECT_EQ(record->reconsume_times, 0);
  EXPECT_EQ(record->prepared_transaction_offset, 0);
  EXPECT_EQ(record->body, "Hello");
  EXPECT_EQ(record->topic, "TopicTest");
  EXPECT_EQ(record->properties, expected.properties);
}

TEST(RecordTest, DecodesIpv6Hosts) {
  const auto record = decodeRecord(kIpv6Bytes, CrcCheck::kVerify);
  ASSERT_TRUE(record.ok()) << record.status().message();
  EXPECT_EQ(record->sys_flag, sys_flag::kBornHostV6 | sys_flag::kStoreHostV6);
  EXPECT_EQ(record->born_host.toString(), "[2001:db8::1]:50000");
  EXPECT_EQ(record->store_host.toString(), "[2001:db8::2]:10911");
  EXPECT_EQ(record->body, "x");
  EXPECT_EQ(record->topic, "T");
  EXPECT_TRUE(record->properties.empty());
}

TEST(RecordTest, ReencodesARecordOfA49BrokerByteForByte) {
  const auto record = decodeRecord(kStoredBy49Bytes, CrcCheck::kVerify);
  ASSERT_TRUE(record.ok()) << record.status().message();
  EXPECT_EQ(record->topic, "TopicA");
  EXPECT_EQ(record->body, "hello");
  EXPECT_EQ(record->queue_id, 1);
  EXPECT_EQ(findProperty(record->properties, "TAGS"), "TagA");
  EXPECT_EQ(findProperty(record->properties, "CLUSTER"), "DefaultCluster");
  EXPECT_EQ(encode(*record), kStoredBy49Bytes);
}

TEST(RecordTest, KeepsEveryFieldThroughEncodingAndDecoding) {
  MessageRecord record = helloRecord();
  record.flag = -2;
  record.sys_flag = sys_flag::kCompressed | sys_flag::kTransactionCommit;
  record.reconsume_times = 16;
  record.prepared_transaction_offset = (int64_t{1} << 40) + 5;
  record.born_host = host("[2001:db8::7]:1");
  const std::string bytes = encode(record);
  const auto decoded = decodeRecord(bytes, CrcCheck::kVerify);
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_EQ(decoded->flag, -2);
  EXPECT_EQ(decoded->sys_flag, record.sys_flag | sys_flag::kBornHostV6);
  EXPECT_EQ(decoded->reconsume_times, 16);
  EXPECT_EQ(decoded->prepared_transaction_offset, record.prepared_transaction_offset);
  EXPECT_EQ(decoded->born_host, record.born_host);
  EXPECT_EQ(decoded->store_host, record.store_host);
}

TEST(RecordTest, ClearsHostBitsThatDoNotFitTheHosts) {
  MessageRecord record = helloRecord();
  record.sys_flag = sys_flag::kBornHostV6 | sys_flag::kStoreHostV6;
  EXPECT_EQ(encode(record), kHelloBytes);
}

TEST(RecordTest, StoresZeroAsTheCrcOfAnEmptyBody) {
  MessageRecord record;
  const std::string bytes = encode(record);
  EXPECT_EQ(bytes.size(), 91u);
  const auto decoded = decodeRecord(bytes, CrcCheck::kVerify);
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_EQ(decoded->body_crc, 0u);
}

TEST(RecordTest, UsesTheSecondVersionOnlyForTopicsAbove127Bytes) {
  const std::string long_topic = "%RETRY%" + std::string(130, 'g');
  MessageRecord record = ipv6Record();
  record.topic = long_topic;
  const std::string bytes = encode(record);
  EXPECT_EQ(loadBigEndian<uint32_t>(bytes.data() + 4), kMessageMagicV2);
  const size_t behind_body = kIpv6Bytes.size() - 4;
  EXPECT_EQ(bytes.substr(behind_body, 2), test::fromHex("0089"));
  const auto decoded = decodeRecord(bytes, CrcCheck::kVerify);
  ASSERT_TRUE(decoded.ok()) << decoded.status().message();
  EXPECT_EQ(decoded->topic, long_topic);
  EXPECT_EQ(encode(*decoded), bytes);

  const std::string longest_of_first_version(127, 't');
  record.topic = longest_of_first_version;
  const std::string first_version = encode(record);
  EXPECT_EQ(loadBigEndian<uint32_t>(first_version.data() + 4), kMessageMagicV1);
  ASSERT_TRUE(decodeRecord(first_version).ok());
  EXPECT_EQ(decodeRecord(first_version)->topic, longest_of_first_version);
}

TEST(RecordTest, PatchesThePlacementWhereTheDecoderFindsIt) {
  for (const MessageRecord& record : {helloRecord(), ipv6Record()}) {
    std::string bytes = encode(record);
    patchPlacement(bytes.data(),
                   {.queue_offset = 11, .physical_offset = 22, .store_timestamp_ms = 33});
    const auto decoded = decodeRecord(bytes, CrcCheck::kVerify);
    ASSERT_TRUE(decoded.ok()) << decoded.status().message();
    EXPECT_EQ(decoded->queue_offset, 11);
    EXPECT_EQ(decoded->physical_offset, 22);
    EXPECT_EQ(decoded->store_timestamp_ms, 33);
    MessageRecord same = record;
    same.queue_offset = 11;
    same.physical_offset = 22;
    same.store_timestamp_ms = 33;
    EXPECT_EQ(bytes, encode(same));
  }
}

TEST(RecordTest, LeavesWhatFollowsTheRecordAlone) {
  const std::string two = kHelloBytes + kIpv6Bytes;
  const auto first = decodeRecord(two, CrcCheck::kVerify);
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(first->total_size, static_cast<int32_t>(kHelloBytes.size()));
  const auto second = decodeRecord(std::string_view(two).substr(kHelloBytes.size()));
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->topic, "T");
}

TEST(RecordTest, RefusesARecordCutAtAnyByte) {
  for (const std::string& whole : {kHelloBytes, kIpv6Bytes}) {
    for (size_t size = 0; size < whole.size(); ++size) {
      // A copy of its own, so that a sanitizer sees a read behind the end.
      const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
      const auto record = decodeRecord({cut.data(), cut.size()});
      ASSERT_FALSE(record.ok()) << size;
      EXPECT_EQ(record.status().code(), StatusCode::kCorruption) << size;
    }
  }
}

TEST(RecordTest, RefusesATotalSizeThatItsLengthsDoNotAddUpTo) {
  for (const int32_t total : {-1, 0, 4, 8, 90, 91, 174, 176, INT32_MIN, INT32_MAX}) {
    std::string bytes = kHelloBytes + std::string(64, '\0');
    storeBigEndian(bytes.data(), total);
    EXPECT_EQ(decodeRecord(bytes).status().code(), StatusCode::kCorruption) << total;
  }
}

TEST(RecordTest, RefusesEveryWrongLengthInside) {
  constexpr size_t kBodyLengthAt = 84;
  constexpr size_t kTopicLengthAt = 0x5d;
  constexpr size_t kPropertiesLengthAt = 0x67;
  for (const int32_t length : {-1, 0, 4, 6, 1000, INT32_MIN, INT32_MAX}) {
    std::string damaged = kHelloBytes;
    storeBigEndian(damaged.data() + kBodyLengthAt, length);
    EXPECT_EQ(decodeRecord(damaged).status().code(), StatusCode::kCorruption) << length;
  }
  for (int length = 0; length < 256; ++length) {
    std::string damaged = kHelloBytes;
    damaged[kTopicLengthAt] = static_cast<char>(length);
    EXPECT_EQ(decodeRecord(damaged).ok(), length == 9) << length;
  }
  std::string bytes = kHelloBytes;
  int accepted = 0;
  for (int length = INT16_MIN; length <= INT16_MAX; ++length) {
    storeBigEndian(bytes.data() + kPropertiesLengthAt, static_cast<int16_t>(length));
    accepted += decodeRecord(bytes).ok() ? 1 : 0;
  }
  EXPECT_EQ(accepted, 1);
}

TEST(RecordTest, RefusesATopicThatNoRecordCanHold) {
  MessageRecord record = ipv6Record();
  const std::string topic(255, 't');
  record.topic = topic;
  std::string bytes = encode(record);
  ASSERT_TRUE(decodeRecord(bytes).ok());
  const size_t topic_length_at = kIpv6Bytes.size() - 4;
  bytes.insert(topic_length_at + 2, "t");
  storeBigEndian(bytes.data(), static_cast<int32_t>(bytes.size()));
  storeBigEndian(bytes.data() + topic_length_at, int16_t{256});
  EXPECT_EQ(decodeRecord(bytes).status().code(), StatusCode::kCorruption);
}

// Java reads the length of the first version as a signed byte.
TEST(RecordTest, RefusesAFirstVersionTopicAbove127Bytes) {
  const std::string topic(127, 't');
  MessageRecord record = ipv6Record();
  record.topic = topic;
  std::string bytes = encode(record);
  const size_t topic_length_at = kIpv6Bytes.size() - 4;
  ASSERT_EQ(bytes[topic_length_at], 127);
  bytes.insert(topic_length_at + 1, "t");
  storeBigEndian(bytes.data(), static_cast<int32_t>(bytes.size()));
  bytes[topic_length_at] = static_cast<char>(128);
  EXPECT_EQ(decodeRecord(bytes).status().code(), StatusCode::kCorruption);
}

TEST(RecordTest, RefusesMagicsThatAreNotAMessage) {
  for (const uint32_t magic : {kBlankMagic, 0u, 0xDAA320A8u}) {
    std::string bytes = kHelloBytes;
    storeBigEndian(bytes.data() + 4, magic);
    EXPECT_EQ(decodeRecord(bytes).status().code(), StatusCode::kCorruption) << magic;
  }
}

TEST(RecordTest, NoticesADamagedBodyOnlyWhenAskedTo) {
  std::string bytes = kHelloBytes;
  bytes[88] ^= 1;
  EXPECT_TRUE(decodeRecord(bytes, CrcCheck::kSkip).ok());
  EXPECT_EQ(decodeRecord(bytes, CrcCheck::kVerify).status().code(), StatusCode::kCorruption);
}

const std::string kBatchBytes = test::fromHex(R"(
  00 00 00 23 00 00 00 00 00 00 00 00 00 00 00 00
  00 00 00 01 61 00 0c 55 4e 49 51 5f 4b 45 59 01
  41 31 02 00 00 00 2b 00 00 00 00 00 00 00 00 00
  00 00 00 00 00 00 02 62 63 00 13 55 4e 49 51 5f
  4b 45 59 01 41 32 02 54 41 47 53 01 74 02)");

TEST(BatchBodyTest, WritesABatchAsRocketMqDoes) {
  std::string body;
  appendBatchItem({.body = "a",
                   .properties = "UNIQ_KEY\x01"
                                 "A1\x02"},
                  body);
  appendBatchItem({.body = "bc",
                   .properties = "UNIQ_KEY\x01"
                                 "A2\x02TAGS\x01t\x02"},
                  body);
  EXPECT_EQ(body, kBatchBytes);
}

TEST(BatchBodyTest, TakesABatchApart) {
  std::string_view rest = kBatchBytes;
  const auto first = takeBatchItem(rest);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->flag, 0);
  EXPECT_EQ(first->body, "a");
  EXPECT_EQ(findProperty(first->properties, "UNIQ_KEY"), "A1");
  const auto second = takeBatchItem(rest);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->body, "bc");
  EXPECT_EQ(findProperty(second->properties, "TAGS"), "t");
  EXPECT_TRUE(rest.empty());
}

TEST(BatchBodyTest, RefusesAnItemCutAtAnyByte) {
  constexpr size_t kFirstItemBytes = 35;
  for (size_t size = 0; size < kFirstItemBytes; ++size) {
    const std::vector<char> cut(kBatchBytes.begin(),
                                kBatchBytes.begin() + static_cast<ptrdiff_t>(size));
    std::string_view rest(cut.data(), cut.size());
    ASSERT_EQ(takeBatchItem(rest).status().code(), StatusCode::kCorruption) << size;
    EXPECT_EQ(rest.size(), size) << "a refused item stays where it is";
  }
}

TEST(BatchBodyTest, RefusesLengthsThatAreNegativeOrTooLarge) {
  const std::string item = kBatchBytes.substr(0, 35);
  for (const int32_t length : {-1, 14, 1000, INT32_MIN, INT32_MAX}) {
    std::string bytes = item;
    storeBigEndian(bytes.data() + 16, length);
    std::string_view rest = bytes;
    EXPECT_EQ(takeBatchItem(rest).status().code(), StatusCode::kCorruption) << length;
  }
  for (const int length : {-1, 13, INT16_MIN, INT16_MAX}) {
    std::string bytes = item;
    storeBigEndian(bytes.data() + 21, static_cast<int16_t>(length));
    std::string_view rest = bytes;
    EXPECT_EQ(takeBatchItem(rest).status().code(), StatusCode::kCorruption) << length;
  }
}

}  // namespace
}  // namespace rocketmq

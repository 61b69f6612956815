#include "common/message/record.h"

#include <cstring>
#include <limits>

#include "common/bytes.h"
#include "common/check.h"
#include "common/hash.h"
#include "common/message/sys_flag.h"

namespace rocketmq {
namespace {

// Positions in a record; everything behind the born host moves with the width of the hosts.
constexpr size_t kQueueOffsetAt = 20;
constexpr size_t kPhysicalOffsetAt = 28;
constexpr size_t kSysFlagAt = 36;
constexpr size_t kBornHostAt = 48;

constexpr size_t kIpv4HostBytes = 8;
constexpr size_t kIpv6HostBytes = 20;

/// Everything but the hosts, the texts and the topic's length.
constexpr size_t kFixedBytes = 74;
constexpr size_t kSmallestRecordBytes = kFixedBytes + 2 * kIpv4HostBytes + 1;

constexpr size_t kBatchItemFixedBytes = 22;

bool needsV2(std::string_view topic) { return topic.size() > kTopicLengthMaxV1; }

/// Writes big-endian values one after the other into memory that is known to be large enough.
class Cursor {
 public:
  explicit Cursor(char* at) : at_(at) {}

  template <class T>
  void write(T value) {
    storeBigEndian(at_, value);
    at_ += sizeof(T);
  }

  void writeBytes(std::string_view bytes) {
    if (!bytes.empty()) {
      std::memcpy(at_, bytes.data(), bytes.size());
      at_ += bytes.size();
    }
  }

  void writeHost(const HostAddress& host) {
    host.encodeTo(at_);
    at_ += host.encodedSize();
  }

 private:
  char* at_;
};

int32_t withHostBits(const MessageRecord& record) {
  int32_t flag = record.sys_flag & ~(sys_flag::kBornHostV6 | sys_flag::kStoreHostV6);
  if (record.born_host.is_ipv6) {
    flag |= sys_flag::kBornHostV6;
  }
  if (record.store_host.is_ipv6) {
    flag |= sys_flag::kStoreHostV6;
  }
  return flag;
}

Status corrupt(const char* what) {
  return Status::corruption(std::string("message record: ") + what);
}

/// Reads the body and everything behind it.
void readTexts(ByteReader& reader, bool is_v2, MessageRecord& record) {
  record.body = reader.readBytes(reader.read<int32_t>());
  // RocketMQ parity: Java reads a V1 length as a signed byte and fails above 127.
  record.topic = reader.readBytes(is_v2 ? reader.read<int16_t>() : reader.read<int8_t>());
  record.properties = reader.readBytes(reader.read<int16_t>());
}

}  // namespace

size_t encodedSize(const MessageRecord& record) {
  return kFixedBytes + record.born_host.encodedSize() + record.store_host.encodedSize() +
         (needsV2(record.topic) ? 2 : 1) + record.body.size() + record.topic.size() +
         record.properties.size();
}

void encodeRecord(const MessageRecord& record, char* out) {
  const size_t size = encodedSize(record);
  ROCKETMQ_CHECK(record.topic.size() <= kTopicLengthMaxV2);
  ROCKETMQ_CHECK(record.properties.size() <= kPropertiesLengthMax);
  ROCKETMQ_CHECK(size <= std::numeric_limits<int32_t>::max());

  const bool is_v2 = needsV2(record.topic);
  Cursor cursor(out);
  cursor.write(static_cast<int32_t>(size));
  cursor.write(is_v2 ? kMessageMagicV2 : kMessageMagicV1);
  cursor.write(maskedCrc32(record.body));
  cursor.write(record.queue_id);
  cursor.write(record.flag);
  cursor.write(record.queue_offset);
  cursor.write(record.physical_offset);
  cursor.write(withHostBits(record));
  cursor.write(record.born_timestamp_ms);
  cursor.writeHost(record.born_host);
  cursor.write(record.store_timestamp_ms);
  cursor.writeHost(record.store_host);
  cursor.write(record.reconsume_times);
  cursor.write(record.prepared_transaction_offset);
  cursor.write(static_cast<int32_t>(record.body.size()));
  cursor.writeBytes(record.body);
  if (is_v2) {
    cursor.write(static_cast<int16_t>(record.topic.size()));
  } else {
    cursor.write(static_cast<int8_t>(record.topic.size()));
  }
  cursor.writeBytes(record.topic);
  cursor.write(static_cast<int16_t>(record.properties.size()));
  cursor.writeBytes(record.properties);
}

void patchPlacement(char* encoded_record, const RecordPlacement& placement) {
  const auto flag = loadBigEndian<int32_t>(encoded_record + kSysFlagAt);
  const bool born_host_is_ipv6 = (flag & sys_flag::kBornHostV6) != 0;
  const size_t store_timestamp_at =
      kBornHostAt + (born_host_is_ipv6 ? kIpv6HostBytes : kIpv4HostBytes);
  storeBigEndian(encoded_record + kQueueOffsetAt, placement.queue_offset);
  storeBigEndian(encoded_record + kPhysicalOffsetAt, placement.physical_offset);
  storeBigEndian(encoded_record + store_timestamp_at, placement.store_timestamp_ms);
}

Result<MessageRecord> decodeRecord(std::string_view bytes, CrcCheck crc_check) {
  if (bytes.size() < kSmallestRecordBytes) {
    return corrupt("too short");
  }
  MessageRecord record;
  record.total_size = loadBigEndian<int32_t>(bytes.data());
  if (record.total_size < static_cast<int32_t>(kSmallestRecordBytes) ||
      static_cast<size_t>(record.total_size) > bytes.size()) {
    return corrupt("its size is not within the bytes that are there");
  }
  ByteReader reader(bytes.data(), static_cast<size_t>(record.total_size));
  reader.skip(sizeof(record.total_size));
  const auto magic = reader.read<uint32_t>();
  if (magic != kMessageMagicV1 && magic != kMessageMagicV2) {
    return corrupt("unknown magic");
  }
  record.body_crc = reader.read<uint32_t>();
  record.queue_id = reader.read<int32_t>();
  record.flag = reader.read<int32_t>();
  record.queue_offset = reader.read<int64_t>();
  record.physical_offset = reader.read<int64_t>();
  record.sys_flag = reader.read<int32_t>();
  record.born_timestamp_ms = reader.read<int64_t>();
  record.born_host = HostAddress::decode(reader, (record.sys_flag & sys_flag::kBornHostV6) != 0);
  record.store_timestamp_ms = reader.read<int64_t>();
  record.store_host = HostAddress::decode(reader, (record.sys_flag & sys_flag::kStoreHostV6) != 0);
  record.reconsume_times = reader.read<int32_t>();
  record.prepared_transaction_offset = reader.read<int64_t>();
  readTexts(reader, magic == kMessageMagicV2, record);
  if (reader.failed()) {
    return corrupt("a length points outside of it");
  }
  if (reader.remaining() != 0) {
    return corrupt("its size and its lengths disagree");
  }
  if (record.topic.size() > kTopicLengthMaxV2) {
    return corrupt("topic longer than 255 bytes");
  }
  // RocketMQ parity: the CRC of an empty body is not looked at.
  if (crc_check == CrcCheck::kVerify && !record.body.empty() &&
      maskedCrc32(record.body) != record.body_crc) {
    return corrupt("the body does not match its CRC");
  }
  return record;
}

void appendBatchItem(const BatchItem& item, std::string& batch_body) {
  ROCKETMQ_CHECK(item.properties.size() <= kPropertiesLengthMax);
  const size_t size = kBatchItemFixedBytes + item.body.size() + item.properties.size();
  ROCKETMQ_CHECK(size <= std::numeric_limits<int32_t>::max());

  ByteWriter writer(batch_body);
  writer.write(static_cast<int32_t>(size));
  writer.write(int32_t{0});  // Magic and CRC: the broker fills them in when it stores the message.
  writer.write(int32_t{0});
  writer.write(item.flag);
  writer.write(static_cast<int32_t>(item.body.size()));
  writer.writeBytes(item.body);
  writer.write(static_cast<int16_t>(item.properties.size()));
  writer.writeBytes(item.properties);
}

Result<BatchItem> takeBatchItem(std::string_view& batch_body) {
  ByteReader reader(batch_body);
  // RocketMQ parity: size, magic and CRC are not looked at; the two lengths alone decide.
  reader.skip(3 * sizeof(int32_t));
  BatchItem item;
  item.flag = reader.read<int32_t>();
  item.body = reader.readBytes(reader.read<int32_t>());
  item.properties = reader.readBytes(reader.read<int16_t>());
  if (reader.failed()) {
    return Status::corruption("batch body: a message claims more bytes than there are");
  }
  batch_body.remove_prefix(reader.position());
  return item;
}

}  // namespace rocketmq

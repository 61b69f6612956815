#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/message/host_address.h"
#include "common/status.h"

namespace rocketmq {

inline constexpr uint32_t kMessageMagicV1 = 0xDAA320A7;
inline constexpr uint32_t kMessageMagicV2 = 0xDAA320AB;  ///< Topic length takes two bytes.
inline constexpr uint32_t kBlankMagic = 0xCBD43194;      ///< Fills the end of a log file.

/// Topics above this length need a V2 record, which RocketMQ 4.x cannot read.
inline constexpr size_t kTopicLengthMaxV1 = 127;
inline constexpr size_t kTopicLengthMaxV2 = 255;
inline constexpr size_t kPropertiesLengthMax = 32767;

/// One message in the layout that the commit log, pull answers and query answers share
/// (RocketMQ: MessageDecoder / CommitLog). Text and body are views into bytes that somebody else
/// owns; the record is valid only as long as those are.
struct MessageRecord {
  int32_t queue_id = 0;
  int32_t flag = 0;  ///< The application's own; stored as it came.
  int64_t queue_offset = 0;
  int64_t physical_offset = 0;
  int32_t sys_flag = 0;  ///< sys_flag.h; the two host bits follow the hosts below.
  int64_t born_timestamp_ms = 0;
  HostAddress born_host;
  int64_t store_timestamp_ms = 0;
  HostAddress store_host;
  int32_t reconsume_times = 0;
  int64_t prepared_transaction_offset = 0;
  std::string_view body;
  std::string_view topic;
  std::string_view properties;  ///< properties.h

  /// Set by decoding, ignored by encoding.
  uint32_t body_crc = 0;
  int32_t total_size = 0;
};

/// What stands at fixed places at the front of every encoded record.
struct RecordHead {
  int32_t total_size = 0;
  uint32_t magic = 0;
  int32_t queue_id = 0;
  int64_t queue_offset = 0;
  int64_t physical_offset = 0;
};
inline constexpr int64_t kRecordHeadBytes = 36;

/// Reads kRecordHeadBytes bytes and believes them.
inline RecordHead decodeRecordHead(const char* at) {
  return {.total_size = loadBigEndian<int32_t>(at),
          .magic = loadBigEndian<uint32_t>(at + 4),
          .queue_id = loadBigEndian<int32_t>(at + 12),
          .queue_offset = loadBigEndian<int64_t>(at + 20),
          .physical_offset = loadBigEndian<int64_t>(at + 28)};
}

/// Bytes that encodeRecord() writes.
size_t encodedSize(const MessageRecord& record);

/// Writes the record at `out`, which has room for encodedSize() bytes, with the CRC of the body
/// and the host bits of sysFlag set from the hosts. V1 unless the topic needs V2.
/// Preconditions: topic <= 255 bytes, properties <= 32767 bytes.
void encodeRecord(const MessageRecord& record, char* out);

/// The parts of an encoded record that only the append lock can know.
struct RecordPlacement {
  int64_t queue_offset = 0;
  int64_t physical_offset = 0;
  int64_t store_timestamp_ms = 0;
};

/// Overwrites those parts in an encoded record.
void patchPlacement(char* encoded_record, const RecordPlacement& placement);

enum class CrcCheck : uint8_t { kSkip, kVerify };

/// Decodes the record at the front of `bytes`; `total_size` of the result tells how many bytes it
/// took. Corruption when the magic, a length, the total or (if asked for) the CRC is wrong.
Result<MessageRecord> decodeRecord(std::string_view bytes, CrcCheck crc_check = CrcCheck::kSkip);

/// One element of a batch send body (RocketMQ: MessageDecoder.encodeMessage).
struct BatchItem {
  int32_t flag = 0;
  std::string_view body;
  std::string_view properties;
};

/// Appends one element to a batch body. Precondition: properties <= 32767 bytes.
void appendBatchItem(const BatchItem& item, std::string& batch_body);

/// Takes the next element off the front of `batch_body`. Corruption when it claims more than there
/// is.
Result<BatchItem> takeBatchItem(std::string_view& batch_body);

}  // namespace rocketmq

#pragma once

#include <cstdint>
#include <string_view>

#include "common/bytes.h"
#include "store/message_store.h"

namespace rocketmq::store {

/// Size of an entry in a consume-queue file: log offset 8, record size 4, tags code 8.
inline constexpr int64_t kQueueEntryBytes = 20;

/// Topics of queues that hold messages of another topic (RocketMQ: light message queues).
inline constexpr std::string_view kLightTopicPrefix = "%LMQ%";

/// Record size in a pre-blank entry: it fills the places in front of a queue's first message when
/// that does not have offset 0.
inline constexpr int32_t kPreBlankRecordBytes = 0x7FFFFFFF;

inline QueueEntry decodeQueueEntry(const char* at) {
  return {.physical_offset = loadBigEndian<int64_t>(at),
          .record_bytes = loadBigEndian<int32_t>(at + 8),
          .tags_code = loadBigEndian<int64_t>(at + 12)};
}

inline void encodeQueueEntry(const QueueEntry& entry, char* at) {
  storeBigEndian(at, entry.physical_offset);
  storeBigEndian(at + 8, entry.record_bytes);
  storeBigEndian(at + 12, entry.tags_code);
}

inline QueueEntry preBlankEntry() {
  return {.physical_offset = 0, .record_bytes = kPreBlankRecordBytes, .tags_code = 0};
}

inline bool isPreBlank(const QueueEntry& entry) {
  return entry.physical_offset == 0 && entry.record_bytes == kPreBlankRecordBytes;
}

/// False for the zeros behind the last entry.
inline bool isWritten(const QueueEntry& entry) {
  return entry.physical_offset >= 0 && entry.record_bytes > 0;
}

}  // namespace rocketmq::store

#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "client/message_decoder.h"
#include "common/message/record.h"

namespace rocketmq::client {

/// What a stored message of these tests differs in.
struct StoredMessage {
  std::string topic = "T";
  std::string body = "body";
  std::string properties = {};
  int32_t queue_id = 0;
  int64_t queue_offset = 0;
  int64_t physical_offset = 0;
  int32_t sys_flag = 0;
  int32_t reconsume_times = 0;
};

/// The bytes of a stored message.
inline std::string encodeStored(const StoredMessage& stored) {
  MessageRecord record;
  record.topic = stored.topic;
  record.body = stored.body;
  record.properties = stored.properties;
  record.queue_id = stored.queue_id;
  record.queue_offset = stored.queue_offset;
  record.physical_offset = stored.physical_offset;
  record.sys_flag = stored.sys_flag;
  record.reconsume_times = stored.reconsume_times;
  record.born_timestamp_ms = 1'700'000'000'000;
  record.store_timestamp_ms = 1'700'000'000'001;
  record.born_host = *HostAddress::parse("127.0.0.1:50000");
  record.store_host = *HostAddress::parse("127.0.0.1:10911");
  std::string bytes(encodedSize(record), '\0');
  encodeRecord(record, bytes.data());
  return bytes;
}

/// A consumer's message.
inline MessageExt makeMessage(const StoredMessage& stored, std::string_view broker_name = "b") {
  return std::move(decodeMessages(encodeStored(stored), broker_name).messages.front());
}

inline std::vector<MessageExt> makeMessages(int64_t first_offset, int count) {
  std::vector<MessageExt> messages;
  for (int i = 0; i < count; ++i) {
    messages.push_back(makeMessage({.queue_offset = first_offset + i}));
  }
  return messages;
}

}  // namespace rocketmq::client

#include "client/message_ext_builder.h"

#include <algorithm>
#include <utility>

#include "common/compress.h"
#include "common/message/message_id.h"
#include "common/message/properties.h"
#include "common/message/sys_flag.h"

namespace rocketmq {

MessageExt MessageExtBuilder::packed(const MessageRecord& record, std::string_view bytes,
                                     std::shared_ptr<const PackedMessages> packed_in) {
  MessageExt message;
  message.queue_offset_ = record.queue_offset;
  message.store_size_ = record.total_size;
  message.packed_in_ = std::move(packed_in);
  message.packed_record_ = bytes.substr(0, static_cast<size_t>(record.total_size));
  return message;
}

Status MessageExtBuilder::unpack(MessageExt& message) {
  const std::shared_ptr<const PackedMessages> packed = std::move(message.packed_in_);
  if (packed == nullptr) {
    return Status::ok();
  }
  const Result<MessageRecord> record = decodeRecord(message.packed_record_);
  if (!record.ok()) {
    return record.status();
  }
  fill(message, *record, *packed);
  const Status status = fillBody(message, record->body);
  return status.isOk() ? status : status.withContext("body of message " + message.msg_id_);
}

void MessageExtBuilder::fill(MessageExt& message, const MessageRecord& record,
                             const PackedMessages& packed) {
  message.setTopic(std::string(record.topic));
  message.setFlag(record.flag);
  fillProperties(message, record.properties, packed);
  message.broker_name_ = packed.broker_name;
  message.queue_id_ = record.queue_id;
  message.commit_log_offset_ = record.physical_offset;
  message.sys_flag_ = record.sys_flag;
  message.born_timestamp_ = record.born_timestamp_ms;
  message.store_timestamp_ = record.store_timestamp_ms;
  message.born_host_ = record.born_host.toString();
  message.store_host_ = record.store_host.toString();
  message.reconsume_times_ = record.reconsume_times;
  message.prepared_transaction_offset_ = record.prepared_transaction_offset;
  message.body_crc_ = record.body_crc;
  message.offset_msg_id_ = OffsetMessageId{record.store_host, record.physical_offset}.toString();
  message.msg_id_ = message.uniqueKey();
  if (message.msg_id_.empty()) {
    message.msg_id_ = message.offset_msg_id_;
  }
}

void MessageExtBuilder::fillProperties(MessageExt& message, std::string_view stored,
                                       const PackedMessages& packed) {
  // The two offsets and CONSUME_START_TIME come in addition, and the last one may lack its end.
  constexpr ptrdiff_t kMore = 4;
  MessageProperties& properties = message.properties_;
  properties.reserve(static_cast<size_t>(std::ranges::count(stored, kPropertyEnd) + kMore));
  forEachProperty(stored, [&properties](std::string_view name, std::string_view value) {
    properties.put(name, std::string(value));
  });
  if (!packed.max_offset.empty()) {
    properties.put(property::kMinOffset, packed.min_offset);
    properties.put(property::kMaxOffset, packed.max_offset);
  }
}

Status MessageExtBuilder::fillBody(MessageExt& message, std::string_view stored) {
  if ((message.sys_flag_ & sys_flag::kCompressed) == 0) {
    message.setBody(std::string(stored));
    return Status::ok();
  }
  Result<std::string> plain =
      decompress(compressionOf(message.sys_flag_), stored, kPlainBodyBytesMax);
  message.setBody(plain.ok() ? std::move(*plain) : std::string(stored));
  return plain.status();
}

}  // namespace rocketmq

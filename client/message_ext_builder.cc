#include "client/message_ext_builder.h"

#include <utility>

#include "common/compress.h"
#include "common/message/message_id.h"
#include "common/message/properties.h"
#include "common/message/sys_flag.h"

namespace rocketmq {
MessageExt MessageExtBuilder::fromRecord(const MessageRecord& record, std::string_view broker_name,
                                         std::shared_ptr<const std::string> packed_in) {
  MessageExt message;
  message.setTopic(std::string(record.topic));
  message.setFlag(record.flag);
  forEachProperty(record.properties, [&message](std::string_view name, std::string_view value) {
    message.putProperty(name, std::string(value));
  });
  message.broker_name_ = broker_name;
  message.queue_id_ = record.queue_id;
  message.queue_offset_ = record.queue_offset;
  message.commit_log_offset_ = record.physical_offset;
  message.sys_flag_ = record.sys_flag;
  message.packed_in_ = std::move(packed_in);
  message.packed_body_ = record.body;
  message.born_timestamp_ = record.born_timestamp_ms;
  message.store_timestamp_ = record.store_timestamp_ms;
  message.born_host_ = record.born_host.toString();
  message.store_host_ = record.store_host.toString();
  message.reconsume_times_ = record.reconsume_times;
  message.prepared_transaction_offset_ = record.prepared_transaction_offset;
  message.store_size_ = record.total_size;
  message.body_crc_ = record.body_crc;
  message.offset_msg_id_ = OffsetMessageId{record.store_host, record.physical_offset}.toString();
  message.msg_id_ = message.uniqueKey();
  if (message.msg_id_.empty()) {
    message.msg_id_ = message.offset_msg_id_;
  }
  return message;
}

Status MessageExtBuilder::unpackBody(MessageExt& message) {
  const std::shared_ptr<const std::string> packed_in = std::move(message.packed_in_);
  if (packed_in == nullptr) {
    return Status::ok();
  }
  if ((message.sys_flag_ & sys_flag::kCompressed) != 0) {
    Result<std::string> plain =
        decompress(compressionOf(message.sys_flag_), message.packed_body_, kPlainBodyBytesMax);
    if (!plain.ok()) {
      message.setBody(std::string(message.packed_body_));
      return plain.status().withContext("body of message " + message.msg_id_);
    }
    message.setBody(std::move(*plain));
  } else {
    message.setBody(std::string(message.packed_body_));
  }
  return Status::ok();
}

}  // namespace rocketmq

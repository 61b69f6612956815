#pragma once

#include <cstdint>
#include <string>

#include "rocketmq/message_queue.h"

namespace rocketmq {

/// In every case the message is stored; the last three tell that a promise of the broker's mode was
/// not kept in time.
enum class SendStatus {
  kSendOk,
  kFlushDiskTimeout,
  kFlushSlaveTimeout,
  kSlaveNotAvailable,
};

/// "SEND_OK", "FLUSH_DISK_TIMEOUT", ...
const char* toString(SendStatus status);

/// Where a message was stored.
struct SendResult {
  SendStatus status = SendStatus::kSendOk;
  /// Unique id given by the producer; comma-joined for a batch.
  std::string msg_id;
  /// The broker's own id, see MessageExt::offsetMsgId().
  std::string offset_msg_id;
  MessageQueue message_queue;
  int64_t queue_offset = 0;
  std::string transaction_id;
  std::string region_id;
  bool trace_on = true;
  /// Of a message with a delay or delivery time (not a delay level) that still waits: what
  /// DefaultMQProducer::recallMessage() takes. Else empty.
  std::string recall_handle;
};

}  // namespace rocketmq

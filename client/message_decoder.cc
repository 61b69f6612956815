#include "client/message_decoder.h"

#include <algorithm>

#include "common/log_limiter.h"

namespace rocketmq::client {
namespace {

constexpr size_t kMessageBytesMin = 100;
constexpr size_t kUsualMessages = 32;  // Of a pull.

}  // namespace

void unpackOrLog(MessageExt& message) {
  if (const Status status = MessageExtBuilder::unpack(message); !status.isOk()) {
    static LogLimiter limiter;
    limiter.error("{}; it is handed out as it was stored", status.message());
  }
}

DecodedMessages decodePacked(const std::shared_ptr<const PackedMessages>& packed,
                             const std::function<bool(const MessageRecord&)>& wants) {
  DecodedMessages decoded;
  std::string_view left = packed->records;
  decoded.messages.reserve(std::min(left.size() / kMessageBytesMin + 1, kUsualMessages));
  while (!left.empty()) {
    const Result<MessageRecord> record = decodeRecord(left);
    if (!record.ok()) {
      decoded.rest = record.status();
      return decoded;
    }
    decoded.end_offset = record->queue_offset + 1;
    if (wants(*record)) {
      decoded.messages.push_back(MessageExtBuilder::packed(*record, left, packed));
    }
    left.remove_prefix(static_cast<size_t>(record->total_size));
  }
  return decoded;
}

DecodedMessages decodeMessages(std::string_view body, std::string_view broker_name) {
  const auto packed = std::make_shared<const PackedMessages>(
      PackedMessages{.records = std::string(body), .broker_name = std::string(broker_name)});
  DecodedMessages decoded = decodePacked(packed, [](const MessageRecord&) { return true; });
  for (MessageExt& message : decoded.messages) {
    unpackOrLog(message);
  }
  return decoded;
}

}  // namespace rocketmq::client

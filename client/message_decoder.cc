#include "client/admin/message_decoder.h"

#include <algorithm>

#include "client/message_ext_builder.h"
#include "common/log_limiter.h"
#include "common/message/record.h"

namespace rocketmq::client {
namespace {

constexpr size_t kMessageBytesMin = 100;
constexpr size_t kUsualMessages = 32;  // Of a pull.

}  // namespace

void unpackBodyOrLog(MessageExt& message) {
  if (const Status status = MessageExtBuilder::unpackBody(message); !status.isOk()) {
    static LogLimiter limiter;
    limiter.error("{}; it is handed out as it was stored", status.message());
  }
}

DecodedMessages decodePacked(const std::shared_ptr<const std::string>& body,
                             std::string_view broker_name) {
  DecodedMessages decoded;
  decoded.messages.reserve(std::min(body->size() / kMessageBytesMin + 1, kUsualMessages));
  std::string_view left = *body;
  while (!left.empty()) {
    const Result<MessageRecord> record = decodeRecord(left);
    if (!record.ok()) {
      decoded.rest = record.status();
      return decoded;
    }
    decoded.messages.emplace_back(MessageExtBuilder::fromRecord(*record, broker_name, body));
    left.remove_prefix(static_cast<size_t>(record->total_size));
  }
  return decoded;
}

DecodedMessages decodeMessages(std::string_view body, std::string_view broker_name) {
  DecodedMessages decoded = decodePacked(std::make_shared<const std::string>(body), broker_name);
  for (MessageExt& message : decoded.messages) {
    unpackBodyOrLog(message);
  }
  return decoded;
}

}  // namespace rocketmq::client

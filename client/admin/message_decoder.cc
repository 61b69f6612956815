#include "client/admin/message_decoder.h"

#include "client/message_ext_builder.h"
#include "common/log.h"
#include "common/message/record.h"

namespace rocketmq::client {

void unpackBodyOrLog(MessageExt& message) {
  if (const Status status = MessageExtBuilder::unpackBody(message); !status.isOk()) {
    log::error("{}; it is handed out as it was stored", status.message());
  }
}

DecodedMessages decodeMessages(std::string_view body, std::string_view broker_name, BodyForm form) {
  DecodedMessages decoded;
  while (!body.empty()) {
    const Result<MessageRecord> record = decodeRecord(body);
    if (!record.ok()) {
      decoded.rest = record.status();
      return decoded;
    }
    MessageExt& message =
        decoded.messages.emplace_back(MessageExtBuilder::fromRecord(*record, broker_name));
    if (form == BodyForm::kPlain) {
      unpackBodyOrLog(message);
    }
    body.remove_prefix(static_cast<size_t>(record->total_size));
  }
  return decoded;
}

}  // namespace rocketmq::client

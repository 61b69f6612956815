#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "client/message_ext_builder.h"
#include "common/message/record.h"
#include "common/status.h"
#include "rocketmq/message.h"

namespace rocketmq::client {

/// The messages in the body of a pull, query or view answer (RocketMQ: MessageDecoder.decodes).
struct DecodedMessages {
  std::vector<MessageExt> messages;
  /// One past the offset of the last record that could be read, wanted or not; -1 without any.
  int64_t end_offset = -1;
  /// Not OK when bytes were left that are no message; `messages` holds what came before them.
  Status rest;
};

/// Complete messages. A body that does not decompress is as it was stored, with a log line.
DecodedMessages decodeMessages(std::string_view body, std::string_view broker_name = {});

/// The messages whose records `wants` accepts, without all that unpackOrLog() takes out of
/// `packed`: on the thread that uses the message, so that an I/O thread neither decompresses nor
/// allocates what others free.
DecodedMessages decodePacked(const std::shared_ptr<const PackedMessages>& packed,
                             const std::function<bool(const MessageRecord&)>& wants);

/// Completes a message of decodePacked(). A body that does not decompress stays as it was stored,
/// with a log line.
void unpackOrLog(MessageExt& message);

}  // namespace rocketmq::client

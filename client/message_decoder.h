#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "rocketmq/message.h"

namespace rocketmq::client {

/// The messages in the body of a pull, query or view answer (RocketMQ: MessageDecoder.decodes).
struct DecodedMessages {
  std::vector<MessageExt> messages;
  /// Not OK when bytes were left that are no message; `messages` holds what came before them.
  Status rest;
};

/// Complete messages. A body that does not decompress is as it was stored, with a log line.
DecodedMessages decodeMessages(std::string_view body, std::string_view broker_name = {});

/// Messages without their bodies, which unpackBodyOrLog() takes out of `body`: on the thread that
/// uses the message, so that an I/O thread neither decompresses nor allocates what others free.
DecodedMessages decodePacked(const std::shared_ptr<const std::string>& body,
                             std::string_view broker_name);

/// Gives a message of decodePacked() its body; as it was stored, with a log line, when it does not
/// decompress.
void unpackBodyOrLog(MessageExt& message);

}  // namespace rocketmq::client

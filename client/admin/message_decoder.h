#pragma once

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

enum class BodyForm {
  kPlain,  ///< Compressed bodies are unpacked; one that cannot be stays as it is, with a log line.
  kAsStored,  ///< Bodies and sysFlag are left alone, see MessageExtBuilder::unpackBody().
};

DecodedMessages decodeMessages(std::string_view body, std::string_view broker_name = {},
                               BodyForm form = BodyForm::kPlain);

/// Unpacks a compressed body; logs and leaves it when it cannot be unpacked.
void unpackBodyOrLog(MessageExt& message);

}  // namespace rocketmq::client

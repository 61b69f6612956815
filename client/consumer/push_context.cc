#include "client/consumer/push_context.h"

#include "client/instance/name_space.h"
#include "client/message_decoder.h"
#include "common/message/properties.h"
#include "common/validate.h"

namespace rocketmq::client {

void prepareForListener(const PushContext& context, MessageExt& message) {
  unpackOrLog(message);
  if (isRetryTopic(message.topic())) {
    if (std::string original = message.property(property::kRetryTopic); !original.empty()) {
      message.setTopic(std::move(original));
    }
  }
  if (!context.config.name_space.empty()) {
    message.setTopic(withoutNamespace(context.config.name_space, message.topic()));
  }
  message.putProperty(property::kConsumeStartTime, std::to_string(context.nowMs()));
}

}  // namespace rocketmq::client

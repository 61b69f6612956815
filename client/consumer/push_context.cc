#include "client/consumer/push_context.h"

#include <ctime>

#include "client/instance/name_space.h"
#include "client/message_decoder.h"
#include "common/message/properties.h"
#include "common/validate.h"

namespace rocketmq::client {

int64_t PushContext::uptimeMs() const {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000 + 1;
}

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

// ProducerCore: taking back timer messages.

#include "client/instance/name_space.h"
#include "client/producer/producer_core.h"
#include "common/message/recall_handle.h"
#include "common/validate.h"
#include "remoting/protocol/commands/recall_message.h"

namespace rocketmq::client {

Outcome<std::string> ProducerCore::recallSync(const std::string& topic, const std::string& handle,
                                              std::chrono::milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  if (const Status status = validateTopic(topic); !status.isOk()) {
    return ClientError::client(status.message());
  }
  const Result<RecallHandle> parsed = RecallHandle::parse(handle);
  if (!parsed.ok()) {
    return ClientError::client(parsed.status().message());
  }
  const std::string full_topic = wrapNamespace(config_.name_space, topic);
  if (!instance_->routes().master(parsed->broker_name)) {
    if (auto route = instance_->fetchRouteSync(full_topic, deadline); !route.ok()) {
      return route.error();
    }
  }
  const std::optional<std::string> master = instance_->routes().master(parsed->broker_name);
  if (!master) {
    return ClientError::client("The broker[" + parsed->broker_name +
                                   "] that holds the message does not exist or has no master",
                               ClientErrorCode::kBrokerNotExist);
  }
  const auto result =
      instance_->remoting().callSync(*master,
                                     remoting::RecallMessage{.producer_group = group_,
                                                             .topic = full_topic,
                                                             .recall_handle = handle,
                                                             .broker_name = parsed->broker_name},
                                     {}, deadline);
  if (!result.ok()) {
    return instance_->describe(result.status(), *master);
  }
  if (!result->success()) {
    return ClientError::broker(result->code, result->remark, *master);
  }
  return result->header.message_id;
}

}  // namespace rocketmq::client

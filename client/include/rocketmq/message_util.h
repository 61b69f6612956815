#pragma once

#include <string>

#include "rocketmq/message.h"

namespace rocketmq {

/// The reply to a message that was sent with DefaultMQProducer::request(), to be sent with any
/// producer's send() (RocketMQ: MessageUtil.createReplyMessage). Throws MQClientException with
/// ClientErrorCode::kCreateReplyMessage when `request` is no such message.
Message createReplyMessage(const Message& request, std::string body);

}  // namespace rocketmq

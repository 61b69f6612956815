#pragma once

#include "broker/send/reply_service.h"
#include "remoting/router.h"

namespace rocketmq::broker {

/// SEND_REPLY_MESSAGE (324), SEND_REPLY_MESSAGE_V2 (325). `replies` is borrowed.
void registerReplyHandlers(remoting::Router& router, ReplyService& replies);

}  // namespace rocketmq::broker

#pragma once

#include "broker/pull/pull_service.h"
#include "remoting/router.h"

namespace rocketmq::broker {

/// PULL_MESSAGE (11), LITE_PULL_MESSAGE (361). `pulls` is borrowed.
void registerPullHandlers(remoting::Router& router, PullService& pulls);

}  // namespace rocketmq::broker

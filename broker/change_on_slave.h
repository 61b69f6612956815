#pragma once

#include "common/status.h"

namespace rocketmq::broker {

/// The answer of a slave to whoever wants to change its topics or groups, which come from the
/// master; RocketMQ's words.
inline Status changeOnSlave() {
  return Status::invalidArgument(
      "Can't modify topic or subscription group from slave broker, please execute it from master "
      "broker.");
}

}  // namespace rocketmq::broker

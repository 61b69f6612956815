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

/// Its answer to whoever wants to set a group's offsets: consumers that read from it would follow,
/// and the master would know nothing of it.
inline Status offsetsOnSlave() {
  return Status::invalidArgument(
      "Offsets of a group can't be set on a slave broker, please do it on the master broker.");
}

}  // namespace rocketmq::broker

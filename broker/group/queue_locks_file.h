#pragma once

#include <tuple>
#include <vector>

#include "common/fields.h"
#include "remoting/protocol/bodies/membership.h"

namespace rocketmq::broker {

/// config/queueLocks.json: what each owner would ask for to have its locks again.
struct QueueLocksFile {
  std::vector<remoting::LockBatchBody> locks;

  static constexpr auto fields() { return std::tuple{optional("locks", &QueueLocksFile::locks)}; }
};

}  // namespace rocketmq::broker

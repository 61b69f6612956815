#pragma once

#include "broker/group/queue_locks.h"
#include "common/clock.h"
#include "remoting/router.h"

namespace rocketmq::broker {

/// LOCK_BATCH_MQ (41), UNLOCK_BATCH_MQ (42). Everything is borrowed.
void registerLockHandlers(remoting::Router& router, QueueLocks& locks, const Clock& clock);

}  // namespace rocketmq::broker

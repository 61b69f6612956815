#pragma once

#include "common/status.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Waits until everything that the store's log has now is on the disk: what is said of those
/// messages in another file must not get there before them. Blocks for as long as a flush takes, a
/// second at most. ReadOnly, Busy, Closed: as MessageStore::whenFlushed(); Timeout.
Status awaitFlushed(store::MessageStore& store);

}  // namespace rocketmq::broker

#pragma once

#include <cstdint>

#include "store/message_store.h"

namespace rocketmq::broker {

/// Where the first record, or the blank end of a file, begins from `offset` on; `log_end` when
/// there is none.
int64_t firstRecordFrom(const store::MessageStore& store, int64_t offset, int64_t log_end);

/// Up to so many messages are counted one by one; more are estimated from the mean size of these.
inline constexpr int64_t kMessagesCountedMax = 10'000;

/// How many messages begin in the log from `from` on and before `to`. The log of a slave of
/// RocketMQ's may end, and so `from` may lie, inside of a record. What the log no longer has is not
/// counted. Reads the log, so not for an I/O thread.
int64_t messagesBetween(const store::MessageStore& store, int64_t from, int64_t to);

}  // namespace rocketmq::broker

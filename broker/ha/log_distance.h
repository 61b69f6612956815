#pragma once

#include <cstdint>

#include "store/message_store.h"

namespace rocketmq::broker {

/// Up to so many messages are counted one by one; more are estimated from the mean size of these.
inline constexpr int64_t kMessagesCountedMax = 10'000;

/// How many messages the log holds from `from`, where a record begins, to `to`. 0 when the log does
/// not have that part. Reads the log, so not for an I/O thread.
int64_t messagesBetween(const store::MessageStore& store, int64_t from, int64_t to);

}  // namespace rocketmq::broker

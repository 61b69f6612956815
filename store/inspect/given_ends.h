#pragma once

#include <cstdint>
#include <map>

#include "common/file_system.h"
#include "store/inspect/queue_builder.h"
#include "store/inspect/store_layout.h"

namespace rocketmq::store::inspect {

/// Offsets below these have been given, whatever has become of the messages: where the queues'
/// files end or, when that is later, the file `queueends` says. Without queues that have been
/// deleted.
std::map<QueueName, int64_t> givenEnds(FileSystem& files, const StoreLayout& layout);

}  // namespace rocketmq::store::inspect

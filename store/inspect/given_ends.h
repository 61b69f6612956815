#pragma once

#include <cstdint>
#include <map>

#include "common/file_system.h"
#include "common/status.h"
#include "store/inspect/finding.h"
#include "store/inspect/queue_builder.h"
#include "store/inspect/store_layout.h"

namespace rocketmq::store::inspect {

/// Offsets below these have been given, whatever has become of the messages: where the queues'
/// files end or, when that is later, the file `queueends` says. Without queues that have been
/// deleted. An error when a file cannot be read; with `unreadable` that is a fault there instead
/// when it is one of a queue, which then ends behind its last file.
Result<std::map<QueueName, int64_t>> givenEnds(FileSystem& files, const StoreLayout& layout,
                                               const FindingSink* unreadable = nullptr);

}  // namespace rocketmq::store::inspect

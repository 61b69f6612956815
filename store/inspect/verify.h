#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/file_system.h"
#include "common/status.h"
#include "store/inspect/finding.h"
#include "store/inspect/store_layout.h"

namespace rocketmq::store::inspect {

struct VerifyOptions {
  /// Setting messageDelayLevel in ms; level 1 first.
  std::vector<int64_t> delay_level_ms;
  /// The store has always had that setting: delivery times must be exactly its.
  bool exact_delays = false;
  /// Setting messageIndexEnable: without it an index that there once was is behind by right.
  bool is_index_made = true;
};

/// What was looked at; what is wrong went to the sink.
struct VerifyReport {
  int64_t log_begin = 0;
  int64_t log_end = 0;
  int64_t records = 0;
  int64_t damaged_bytes = 0;
  int64_t queues = 0;
  int64_t queue_entries = 0;
  int64_t deleted_records = 0;  ///< Of topics that were deleted; they have no entries.
  int64_t index_files = 0;
  int64_t index_entries = 0;
};

/// Checks every record of the log, every consume-queue entry and every index entry.
///
/// A store that was not stopped cleanly, or that is open in a broker now, may lack queue entries at
/// the ends of its queues, end in half a record and have an index that is behind: the next start
/// repairs these, so they are notes. Everything else that does not fit is a fault.
VerifyReport verify(FileSystem& files, const StoreLayout& layout, const VerifyOptions& options,
                    const FindingSink& sink, const Progress& progress);

/// Log offset from which a start after a crash would read (RocketMQ: the newest file whose first
/// record was certainly flushed with its queue entries).
int64_t recoveryStart(FileSystem& files, const StoreLayout& layout);

}  // namespace rocketmq::store::inspect

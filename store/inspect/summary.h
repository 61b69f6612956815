#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/file_system.h"
#include "store/index/index_file.h"
#include "store/inspect/finding.h"
#include "store/inspect/store_layout.h"

namespace rocketmq::store::inspect {

/// One consume queue as its files show it, and what the log has for it.
struct QueueSummary {
  std::string topic;
  int32_t queue_id = 0;
  size_t files = 0;
  int64_t min_offset = 0;  ///< First entry that points into the log.
  int64_t max_offset = 0;  ///< Behind the last entry.
  int64_t log_records = 0;
};

struct IndexFileSummary {
  std::string path;
  int64_t bytes = 0;
  IndexHeader header;  ///< Unchecked.
};

/// What a log holds.
struct LogSummary {
  bool was_read = false;  ///< Else only `begin` means anything.
  int64_t begin = 0;
  int64_t end = 0;
  int64_t records = 0;
  int64_t record_bytes = 0;
  TimestampMs first_stored_ms = 0;
  TimestampMs last_stored_ms = 0;
  /// Where no intact record is, though one comes later.
  struct Damage {
    int64_t begin = 0;
    int64_t end = 0;
    std::string reason;
  };
  std::vector<Damage> damages;  ///< The first hundred.
  int64_t damaged_bytes = 0;    ///< Of all.
  std::string end_reason;       ///< What is wrong at the end; empty when zeros follow.
};

struct StoreSummary {
  LogSummary log;
  std::vector<QueueSummary> queues;  ///< By topic and queue id; also those that only the log knows.
  std::vector<IndexFileSummary> index_files;
  std::vector<std::string> unreadable;  ///< What could not be read of queues and index.
};

/// Counts what a store holds. Without `read_log` it only looks at the queues' and index files'
/// ends, which is quick for a store of any size.
StoreSummary summarize(FileSystem& files, const StoreLayout& layout, bool read_log,
                       const Progress& progress);

}  // namespace rocketmq::store::inspect

#pragma once

#include <cstdint>
#include <optional>

#include "common/file_system.h"
#include "common/status.h"
#include "store/inspect/finding.h"
#include "store/inspect/store_layout.h"

namespace rocketmq::store::inspect {

/// How far two logs agree.
struct LogComparison {
  int64_t begin = 0;  ///< What both have, in log offsets; begin >= end: nothing.
  int64_t end = 0;
  int64_t first_end = 0;  ///< Where each of them ends.
  int64_t second_end = 0;
  std::optional<int64_t> first_difference;
};

/// Compares two commit logs byte for byte over the range that both hold, as the log of a replica
/// and its master's must agree.
LogComparison compareLogs(FileSystem& files, const StoreLayout& first, const StoreLayout& second,
                          const Progress& progress);

/// Where a log ends, read from its last file that begins with a record.
int64_t findLogEnd(FileSystem& files, const StoreLayout& layout);

}  // namespace rocketmq::store::inspect

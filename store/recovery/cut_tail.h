#pragma once

#include <cstdint>

#include "common/file_system.h"
#include "common/status.h"
#include "store/log/commit_log.h"

namespace rocketmq::store {

/// What stands in the files of the log behind where it ends, and goes.
struct CutTail {
  int64_t end = 0;      ///< Behind its last byte that is not zero; the log's end without any.
  int64_t records = 0;  ///< Whole ones that begin in it.
};

/// Looks at the log's files from `log_end` on. Of each file it takes what comes before a run of
/// zeros that no record is long enough for: the rest is room, of a gigabyte or more. That is read
/// by calls and not in the mapping, where reading a hole takes a page of a tmpfs and kills the
/// process when it is full.
Result<CutTail> tailBehind(FileSystem& files, const CommitLog& log, int64_t log_end);

}  // namespace rocketmq::store

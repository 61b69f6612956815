#pragma once

#include <cstdint>
#include <string>

#include "common/file_system.h"
#include "common/status.h"

namespace rocketmq::store {

// For a start that has found files of a wrong length: tells damage from a changed setting and makes
// the files loadable. What they then lack, recovery finds out. Threads: one, before the files are
// in use. True: something was repaired, load again.

/// For the log after an unclean stop: fills up what is too short of the file that was written to
/// and the one behind it. A crash may leave that between giving a file its length and the disk's
/// learning of it. Nothing is touched when all files look as if mappedFileSizeCommitLog had been
/// smaller.
Result<bool> completeLogFiles(FileSystem& files, const std::string& dir, int64_t file_bytes);

/// For consume queues: gives the last file of a queue its length, and removes an earlier one of a
/// wrong length, or the one behind a gap, with all that follow, as the log has their entries.
/// Nothing is repaired when all files look as if mappedFileSizeConsumeQueue had been another:
/// queues without messages in the log would lose their offsets.
Result<bool> repairQueueLengths(FileSystem& files, const std::string& dir, int64_t file_bytes);

}  // namespace rocketmq::store

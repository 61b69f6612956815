#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/status.h"
#include "store/index/index_file.h"
#include "store/log/commit_log.h"

namespace rocketmq::store {

/// A place in the log whose keys are in no index file, although later ones are.
struct IndexGap {
  int64_t physical_offset = 0;  ///< Of the first record of which a key is missing.
  std::string last_path;        ///< Of the last file in front of it; empty when there is none.
};

/// Looks in front of the first file and between two for records with keys: a file in the middle
/// may be gone, and RocketMQ leaves out what lies in front of its recovery after a crash. Where the
/// files join each other only the records at their ends are read, else what lies between. Gives up
/// when `go_on` says so. Busy or Io when the log cannot be read now, as from the next.
Result<std::optional<IndexGap>> findIndexGap(const CommitLog& log,
                                             const std::vector<std::shared_ptr<IndexFile>>& files,
                                             const std::function<bool()>& go_on);

/// Whether the record of the file's newest entry is where that says, or has left the log.
Result<bool> endsAtRecord(const CommitLog& log, const IndexFile& file);

/// Whether any of the files has such an entry.
bool anyHas(const std::vector<std::shared_ptr<IndexFile>>& files, int32_t key_hash,
            int64_t physical_offset);

}  // namespace rocketmq::store

#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/file_system.h"
#include "common/status.h"
#include "store/checkpoint.h"
#include "store/index/index_file.h"
#include "store/inspect/finding.h"
#include "store/inspect/read_only_files.h"
#include "store/queue/deleted_topics.h"

namespace rocketmq::store::inspect {

/// A file whose name says which offset of a stream it begins at.
struct SegmentFile {
  int64_t base = 0;
  int64_t bytes = 0;  ///< What it really has.
  std::string path;
};

/// The files of one consume queue.
struct QueueFolder {
  std::string topic;
  int32_t queue_id = 0;
  std::string dir;
  std::vector<SegmentFile> files;  ///< By base.
};

/// What the files of a store cannot say of themselves; zero or empty: find out.
struct LayoutOptions {
  std::string commit_log_dir;
  int64_t log_file_bytes = 0;
  int64_t queue_file_bytes = 0;
  IndexLayout index_layout;
};

/// What lies in a store's folder, by name and size only.
struct StoreLayout {
  std::string root;
  std::string commit_log_dir;
  std::vector<SegmentFile> log_files;  ///< By base.
  int64_t log_file_bytes = 0;          ///< 0 without a file.

  std::vector<QueueFolder> queues;  ///< By topic and queue id.
  int64_t queue_file_bytes = 0;

  std::vector<SegmentFile> index_files;  ///< By name; `base` means nothing.
  IndexLayout index_layout;              ///< As the options say, else unknown.
  bool has_index_folder = false;         ///< Made with the first file.

  std::optional<CheckpointTimes> checkpoint;
  bool has_abort = false;  ///< Running, or not stopped cleanly.
  LockState lock;

  DeletedTopics::Ends deleted;
  /// Topics of config/topics.json; nullopt when that cannot be read.
  std::optional<std::set<std::string, std::less<>>> known_topics;

  int64_t logBegin() const { return log_files.empty() ? 0 : log_files.front().base; }
  /// Behind the last file.
  int64_t logEnd() const {
    return log_files.empty() ? 0 : log_files.back().base + log_files.back().bytes;
  }
  /// Path below the root, for people.
  std::string relative(std::string_view path) const;
  /// The log file that holds an offset and the place in it.
  Finding at(int64_t log_offset, std::string what,
             Finding::Kind kind = Finding::Kind::kFault) const;
};

/// Lists a store. File sizes are those that most files have, unless the options name them. Files
/// that do not fit are found as faults and kept in the lists.
/// NotFound: no folder, or none that holds a store; the message says what to do.
Result<StoreLayout> readLayout(FileSystem& files, const std::string& root,
                               const LayoutOptions& options, const FindingSink& sink);

/// Whether the files of queues and index can be opened: what cannot must not look like an empty
/// one. Files that have gone meanwhile do not count.
Status checkFollowersOpen(FileSystem& files, const StoreLayout& layout);

}  // namespace rocketmq::store::inspect

#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/file_system.h"
#include "common/status.h"

namespace rocketmq::store {

/// The root folder of a store: its locks, the mark of an unclean stop, and where the parts lie.
/// Threads: one.
class StoreFolder {
 public:
  /// Creates the folders when missing and locks them: the file `lock`, which a Java broker locks,
  /// too, and the folders themselves, as that file may be removed and the log may be another
  /// store's. Io when another process has one of them. An empty `commit_log_dir` is below the root.
  static Result<std::unique_ptr<StoreFolder>> open(FileSystem& files, std::string root,
                                                   std::string commit_log_dir = {});

  /// True when the last process left no `abort` file.
  Result<bool> wasStoppedCleanly() const;

  /// Puts the `abort` file there, with this process's id. It survives power loss from here on.
  Status markRunning();
  /// Removes it: the next start may believe what it finds.
  Status markStopped();

  void unlock() { locks_.clear(); }

  const std::string& commitLogDir() const { return commit_log_dir_; }
  std::string consumeQueueDir() const { return root_ + "/consumequeue"; }
  std::string consumeQueueExtDir() const { return root_ + "/consumequeue_ext"; }
  std::string indexDir() const { return root_ + "/index"; }
  std::string checkpointPath() const { return root_ + "/checkpoint"; }
  std::string deletedTopicsPath() const { return root_ + "/deletedtopics"; }
  std::string queueEndsPath() const { return root_ + "/queueends"; }

 private:
  StoreFolder(FileSystem& files, std::string root, std::string commit_log_dir)
      : files_(files), root_(std::move(root)), commit_log_dir_(std::move(commit_log_dir)) {}

  Status lock();
  Status take(const std::string& path, const std::string& what_is_used);
  std::string abortPath() const { return root_ + "/abort"; }

  FileSystem& files_;
  const std::string root_;
  const std::string commit_log_dir_;
  std::vector<std::unique_ptr<FileLock>> locks_;
};

}  // namespace rocketmq::store

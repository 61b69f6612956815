#pragma once

#include <memory>
#include <string>

#include "common/file_system.h"
#include "common/status.h"

namespace rocketmq::store {

/// The root folder of a store: its lock, the mark of an unclean stop, and where the parts lie.
/// Threads: one.
class StoreFolder {
 public:
  /// Creates the folder when missing and locks it. Busy when another process, a Java broker
  /// included, has it open.
  static Result<std::unique_ptr<StoreFolder>> open(FileSystem& files, std::string root);

  /// True when the last process left no `abort` file.
  Result<bool> wasStoppedCleanly() const;

  /// Puts the `abort` file there, with this process's id. It survives power loss from here on.
  Status markRunning();
  /// Removes it: the next start may believe what it finds.
  Status markStopped();

  void unlock() { lock_.reset(); }

  std::string commitLogDir() const { return root_ + "/commitlog"; }
  std::string consumeQueueDir() const { return root_ + "/consumequeue"; }
  std::string consumeQueueExtDir() const { return root_ + "/consumequeue_ext"; }
  std::string indexDir() const { return root_ + "/index"; }
  std::string checkpointPath() const { return root_ + "/checkpoint"; }
  std::string deletedTopicsPath() const { return root_ + "/deletedtopics"; }
  std::string queueEndsPath() const { return root_ + "/queueends"; }

 private:
  StoreFolder(FileSystem& files, std::string root) : files_(files), root_(std::move(root)) {}

  std::string abortPath() const { return root_ + "/abort"; }

  FileSystem& files_;
  const std::string root_;
  std::unique_ptr<FileLock> lock_;
};

}  // namespace rocketmq::store

#pragma once

#include <cstdint>
#include <string>

#include "common/file_system.h"
#include "common/status.h"

namespace rocketmq::store::inspect {

/// The operating system's files without any way to change them: files are opened for reading only,
/// and what would create, write, lock or remove answers ReadOnly. Code that is given this file
/// system cannot harm a store, nor even leave a lock file in it. Threads: any.
FileSystem& readOnlyFileSystem();

/// Who holds a lock that FileSystem::lock() would want.
struct LockState {
  bool exists = false;  ///< The lock file does.
  bool is_held = false;
  int64_t pid = 0;  ///< Of the holder; 0 when the system does not tell.
};

/// Looks at a lock without taking it. Does not create the file.
Result<LockState> lockStateOf(const std::string& path);
/// Whether FileSystem::lock() would find the folder locked; false where that cannot be told.
bool isFolderLocked(const std::string& path);

}  // namespace rocketmq::store::inspect

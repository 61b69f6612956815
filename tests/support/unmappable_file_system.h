#pragma once

#include <atomic>
#include <cerrno>
#include <memory>
#include <string>

#include "tests/support/forwarding_file_system.h"

namespace rocketmq::test {

/// The operating system's files, of which some cannot be mapped for a while, as in a process that
/// has no descriptor left. What is mapped already stays. Threads: any.
class UnmappableFileSystem : public ForwardingFileSystem {
 public:
  /// Files that exist and have this in their paths cannot be mapped while it is not null.
  std::atomic<const char*> unmappable{nullptr};
  std::atomic<int> refused{0};  ///< Counts maps that failed for that.

  Result<std::unique_ptr<MappedFile>> map(const std::string& path,
                                          const MapOptions& options) override {
    const char* const part = unmappable;
    if (part != nullptr && !options.create && path.find(part) != std::string::npos) {
      ++refused;
      return Status::io("cannot open " + path, EMFILE);
    }
    return ForwardingFileSystem::map(path, options);
  }
};

}  // namespace rocketmq::test

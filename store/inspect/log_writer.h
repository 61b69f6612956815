#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "common/file_system.h"
#include "common/status.h"

namespace rocketmq::store::inspect {

/// Writes a new commit log from front to back, with blank records at the ends of files, as the
/// broker does. Threads: one. Durability: after finish().
class LogWriter {
 public:
  struct Options {
    std::string dir;
    int64_t file_bytes = 0;
    int64_t begin = 0;  ///< A multiple of file_bytes.
  };

  LogWriter(FileSystem& files, Options options)
      : files_(files), options_(std::move(options)), tail_(options_.begin) {}

  /// Log offset that a record of this size gets; makes a new file when the current one has not
  /// enough room. InvalidArgument: no file has.
  Result<int64_t> place(int64_t record_bytes);
  /// Appends the record that place() was called for.
  Status append(std::string_view record);
  /// Brings everything to the disk.
  Status finish();

  int64_t tail() const { return tail_; }

 private:
  Status startFile();
  Status writeOut();

  FileSystem& files_;
  const Options options_;
  std::unique_ptr<RandomFile> file_;
  int64_t file_base_ = 0;
  int64_t tail_;
  std::string pending_;
  int64_t pending_offset_ = 0;  // Log offset of its first byte.
};

}  // namespace rocketmq::store::inspect

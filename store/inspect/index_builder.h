#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/file_system.h"
#include "common/message/record.h"
#include "common/status.h"
#include "store/index/index_file.h"

namespace rocketmq::store::inspect {

/// Writes index files into an empty folder from the records of a log, in log order. A file is named
/// by the store time of its first record, near which the first one was made. Threads: one.
class IndexBuilder {
 public:
  IndexBuilder(FileSystem& files, std::string dir, const IndexLayout& layout)
      : files_(files), dir_(std::move(dir)), layout_(layout) {}

  Status add(const MessageRecord& record);
  /// Brings everything to the disk.
  Status finish();

  int64_t entries() const { return entries_; }
  int64_t files() const { return file_count_; }
  /// Store time of the last entry of the last full file; 0 without one. For the checkpoint.
  TimestampMs fullEndMs() const { return full_end_ms_; }

 private:
  Status put(int32_t key_hash, const MessageRecord& record);
  Status startFile(TimestampMs now_ms);

  FileSystem& files_;
  const std::string dir_;
  const IndexLayout layout_;
  std::shared_ptr<IndexFile> file_;
  std::string file_name_;
  int64_t entries_ = 0;
  int64_t file_count_ = 0;
  TimestampMs full_end_ms_ = 0;
};

}  // namespace rocketmq::store::inspect

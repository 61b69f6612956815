#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/file_system.h"
#include "common/status.h"
#include "store/inspect/store_layout.h"
#include "store/queue/queue_entry.h"

namespace rocketmq::store::inspect {

/// Reads the entries of one consume queue by index. Keeps no file open and little in memory, as
/// there may be many thousands of queues. What cannot be read counts as not written, and status()
/// tells of it. Threads: one.
class QueueReader {
 public:
  /// `folder` must outlive the reader. `file_bytes`: a multiple of an entry's size.
  QueueReader(FileSystem& files, const QueueFolder& folder, int64_t file_bytes);

  /// Index of the first entry of the first file.
  int64_t first() const { return first_; }
  /// Behind the last entry that is written; first() when none is. Searched for at each call.
  int64_t findEnd();
  /// Behind the place of the last entry of the last file.
  int64_t capacityEnd() const { return capacity_end_; }

  /// nullopt: beyond the files, in a part that was cut off, or not written.
  std::optional<QueueEntry> at(int64_t index);

  /// The first failure to read a file that is there.
  const Status& status() const { return status_; }

  /// Forgets what has been read: the next read sees what a live store has written since.
  void refresh() { window_.clear(); }

  /// The file that holds an index, and the byte in it.
  struct Place {
    std::string path;
    int64_t offset = 0;
  };
  Place placeOf(int64_t index) const;

 private:
  const SegmentFile* holding(int64_t byte) const;
  /// From `position` of the file on; empty when it has gone or cannot be read.
  std::string readFrom(const SegmentFile& file, int64_t position);
  int64_t lastWrittenBefore(int64_t low, int64_t high);

  FileSystem& files_;
  const QueueFolder& folder_;
  const int64_t file_bytes_;
  int64_t first_ = 0;
  int64_t capacity_end_ = 0;
  Status status_;
  std::string window_;
  int64_t window_byte_ = 0;
};

}  // namespace rocketmq::store::inspect

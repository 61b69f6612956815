#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/file_system.h"
#include "common/message/record.h"
#include "common/status.h"
#include "store/inspect/store_layout.h"

namespace rocketmq::store::inspect {

/// Longer records than this are believed to be damage, whatever the file's size.
inline constexpr int64_t kRecordBytesMax = 128 << 20;

/// Reads the files of a log through one window of memory, by log offset. Parts that the disk
/// refuses to read come out as zeros and are counted, so that a bad sector looks like any damage.
/// Threads: one. Cheap to make; use one per place that is read.
class LogReader {
 public:
  LogReader(FileSystem& files, const StoreLayout& layout);

  int64_t begin() const { return begin_; }
  /// Behind the last file.
  int64_t end() const;
  /// About where the zeros begin that end the last file, for who says how far a reader is.
  int64_t writtenEnd();

  /// Log offset behind the file that holds `offset`, as the names say; `offset` when none does.
  int64_t fileEnd(int64_t offset) const;
  /// Log offset at which that file's bytes end, which is earlier in a file that was cut.
  int64_t readableEnd(int64_t offset) const;
  /// Whether the file that holds `offset` has gone since the store was listed, as retention takes
  /// the files of a store at work.
  bool isGone(int64_t offset) const;
  /// Base of the first file that begins at or after `offset`; -1 without one.
  int64_t nextBase(int64_t offset) const;

  /// The bytes from `offset` on, at most `bytes` and not beyond readableEnd(). Valid until the next
  /// call.
  std::string_view read(int64_t offset, int64_t bytes);
  /// Forgets what has been read: the next read sees what a live store has written since.
  void refresh() { window_.clear(); }

  /// The well-formed record at an offset that says of itself that it is there; Corruption with the
  /// reason otherwise. Valid until the next call.
  Result<MessageRecord> recordAt(int64_t offset, CrcCheck crc_check);

  int64_t unreadableBytes() const { return unreadable_bytes_; }

 private:
  const SegmentFile* holding(int64_t offset) const;
  void fill(const SegmentFile& file, int64_t offset, int64_t bytes);
  std::string readPiecewise(int64_t position, int64_t bytes);

  FileSystem& files_;
  const std::vector<SegmentFile> log_files_;
  const int64_t file_bytes_;
  const int64_t begin_;
  const bool is_at_work_;

  std::unique_ptr<RandomFile> open_file_;
  int64_t open_base_ = -1;
  std::string window_;
  int64_t window_offset_ = 0;
  int64_t unreadable_bytes_ = 0;
};

}  // namespace rocketmq::store::inspect

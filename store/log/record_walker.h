#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/message/record.h"
#include "store/log/commit_log.h"
#include "store/log/log_view.h"

namespace rocketmq::store {

/// Reads the log record by record from an offset where one begins. Threads: one.
class RecordWalker {
 public:
  enum class Step : uint8_t {
    kRecord,  ///< record() is the next one.
    kEnd,     ///< The limit, the end of what the log holds, or a file that cannot be read.
    kBad,     ///< No well-formed record begins at position().
  };

  RecordWalker(const CommitLog& log, int64_t position, CrcCheck crc_check)
      : log_(log), position_(position), crc_check_(crc_check) {}

  /// Goes on to the next record that begins before `limit`. Steps over blank end records into the
  /// next file; where there is none it ends in front of the blank, so that an append there writes
  /// it again.
  Step next(int64_t limit);

  /// Of the last kRecord; valid until the next call. Its physical_offset is checked.
  const MessageRecord& record() const { return record_; }
  const LogView& view() const { return view_; }

  /// After kEnd: OK, or why the file at position() cannot be read. The log goes on there.
  const Status& status() const { return status_; }

  /// Offset of the next unread byte.
  int64_t position() const { return position_; }

  /// After kBad, or a record that is not believed: goes on at the next record before `limit` that
  /// is whole and has the right CRC, and without one at `limit`, a boundary of records. Stops in
  /// front of a file that cannot be read, which next() is going to say.
  void skipDamage(int64_t limit);

 private:
  const CommitLog& log_;
  int64_t position_;
  const CrcCheck crc_check_;
  LogView view_;
  MessageRecord record_;
  Status status_;
};

/// Offset of the first record from `from` on that is whole, has the right CRC and says of itself
/// that it is there; nullopt when none begins before `limit` in the view.
std::optional<int64_t> findRecord(const LogView& view, int64_t from, int64_t limit);

/// Whether a blank end record begins there.
bool isBlank(std::string_view bytes);

/// The record at an offset of a view: well formed, and one that says of itself that it is there.
/// Corruption otherwise.
Result<MessageRecord> recordIn(const LogView& view, int64_t physical_offset, CrcCheck crc_check);

}  // namespace rocketmq::store

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/file_system.h"
#include "common/message/record.h"
#include "store/inspect/finding.h"
#include "store/inspect/log_reader.h"
#include "store/inspect/store_layout.h"

namespace rocketmq::store::inspect {

/// Reason of a stretch, or of an end, where files of the log lie behind one that is not there.
inline constexpr std::string_view kFileMissing = "a file of the log is missing";

/// One step through a log: a record, a stretch that holds none, or the end.
struct LogItem {
  enum class Kind : uint8_t { kRecord, kDamage, kEnd };

  Kind kind = Kind::kEnd;
  int64_t begin = 0;  ///< Log offsets; kEnd: where the log ends.
  int64_t end = 0;
  MessageRecord record;    ///< kRecord: complete, and its CRC is right.
  std::string_view bytes;  ///< kRecord: as it is stored.
  /// kDamage: what is wrong at `begin`. kEnd: the same when something else than zeros is there,
  /// as a torn write leaves it; empty for a clean end.
  std::string reason;
};

/// Reads a whole log record by record and goes on behind damage: it looks for the next place with a
/// record's magic, a size that fits, the record's own offset and the right CRC. What lies behind
/// the last such place is no damage but the end.
///
/// Threads: one. Views are valid until the next step.
class LogScanner {
 public:
  /// Begins at `from`, where a record or nothing known begins; a file's base is always right.
  LogScanner(FileSystem& files, const StoreLayout& layout, int64_t from);

  /// After kEnd it stays there.
  LogItem next();

  int64_t position() const { return position_; }
  int64_t unreadableBytes() const { return reader_.unreadableBytes(); }

 private:
  enum class Place : uint8_t { kRecord, kBlank, kNothing };

  /// What is at an offset; fills `record_`, or `reason_` for kNothing.
  Place look(int64_t offset);
  bool isBlank(int64_t offset);
  std::string describeWrong(int64_t offset, const Status& wrong);
  /// First offset from `from` on where look() finds something; -1 when that is nowhere.
  int64_t search(int64_t from);
  int64_t searchFile(int64_t from, int64_t end);
  LogItem damageUpTo(int64_t end);

  LogReader reader_;
  int64_t position_;
  MessageRecord record_;
  std::string reason_;
};

}  // namespace rocketmq::store::inspect

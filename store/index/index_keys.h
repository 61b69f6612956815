#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/message/record.h"
#include "common/message/sys_flag.h"
#include "common/status.h"
#include "store/dispatch/dispatch_rules.h"
#include "store/index/index_file.h"
#include "store/log/commit_log.h"
#include "store/log/log_view.h"

namespace rocketmq::store {

/// Calls `visit(hash)` for each key under which the index knows the record, in RocketMQ's order.
/// Rolled back messages have none.
template <class Visitor>
void forEachKeyHash(const MessageRecord& record, Visitor&& visit) {
  if (sys_flag::transactionType(record.sys_flag) == sys_flag::kTransactionRollback) {
    return;
  }
  forEachIndexKey(record.properties,
                  [&](std::string_view key) { visit(indexKeyHash(record.topic, key)); });
}

bool hasKeyHash(const MessageRecord& record, int32_t key_hash);

/// Of the record at a log offset; NotFound or Corruption when there is none, else it cannot be read
/// now.
Result<TimestampMs> storeTimeIn(const CommitLog& log, int64_t physical_offset);

/// Compares entries of the index with the log. Cheapest in the order of the log. Threads: one.
class EntryCheck {
 public:
  explicit EntryCheck(const CommitLog& log) : log_(log) {}

  // What cannot be read now counts as right.

  /// Whether a record with such a key is there, or was: the log may begin behind it.
  bool isRight(int32_t key_hash, int64_t physical_offset);
  /// The same for the next entry of a file, whose time it compares, too. The file begins with the
  /// record of the first that is asked for, or at `begin_ms` when the log begins behind that.
  bool isNextRight(int32_t key_hash, int64_t physical_offset, int32_t seconds,
                   TimestampMs begin_ms);

  /// Drops those of the offsets from number `first` on that are not. False when there are any.
  bool keepRight(int32_t key_hash, size_t first, std::vector<int64_t>& offsets);

 private:
  Result<MessageRecord> recordAt(int64_t physical_offset);
  /// Whether that there is no record at an offset says nothing against the entry.
  bool isUnknown(const Status& failure, int64_t physical_offset) const;

  const CommitLog& log_;
  LogView view_;
  std::optional<TimestampMs> begin_ms_;
};

}  // namespace rocketmq::store

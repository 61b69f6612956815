#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/message/record.h"
#include "common/status.h"
#include "store/dispatch/dispatcher.h"
#include "store/log/commit_log.h"
#include "store/run_state.h"
#include "store/store_options.h"

namespace rocketmq::store {

/// Writes a slave's log: the bytes of its master's at the same offsets (RocketMQ:
/// DefaultMessageStore.appendToCommitLog). Only whole records get into the log, so that whoever
/// reads it never meets half of one, and each must say of itself that it belongs where it comes.
///
/// Damage in the master's log is copied as it is, so that the logs stay the same. What is no record
/// counts as that when it comes a second time, for the link may have spoilt it, and only together
/// with the next record that belongs where it is: the log never ends in a gap, but for one that a
/// file ends with.
///
/// Threads: one; it may wait for the disk. Visible as on a master: under async flush when append()
/// returns, under sync flush when flushed.
class ReplicaAppender {
 public:
  /// Larger records do not exist; a length above it is no length. Nor is more than that looked at
  /// for the end of a gap.
  static constexpr int64_t kRecordBytesMax = 64 << 20;

  /// Borrowed for the appender's life.
  struct Parts {
    CommitLog& log;
    Dispatcher& dispatcher;
    RunState& state;
    FlushMode flush_mode;
    /// Called after each append, under no lock.
    std::function<void()> on_appended;
  };

  explicit ReplicaAppender(Parts parts) : parts_(std::move(parts)) {}

  /// See MessageStore::appendReplicated().
  Result<int64_t> append(int64_t offset, std::string_view bytes);

 private:
  /// What can be taken off the front of the bytes at once.
  struct Run {
    int64_t bytes = 0;      ///< 0: more must come first.
    int64_t gap_bytes = 0;  ///< So many at the front are damage of the master's.
    bool ends_file = false;
    TimestampMs newest_ms = 0;
  };

  /// What was no record when it came last.
  struct Suspect {
    int64_t offset = 0;
    std::string front;
    bool operator==(const Suspect&) const = default;
  };

  int64_t fileEndOf(int64_t offset) const {
    return offset - offset % parts_.log.fileBytes() + parts_.log.fileBytes();
  }
  Status checkStart(int64_t offset);
  /// Leaves the run's records in records_.
  Result<Run> runAt(int64_t offset, std::string_view bytes);
  Result<Run> endOfFile(int64_t offset, std::string_view bytes) const;
  Result<Run> gapAt(int64_t offset, std::string_view bytes, const Status& damage);
  Status write(const Run& run, std::string_view bytes);
  bool tryWrite(const Run& run, std::string_view bytes);
  /// Makes what has been appended visible.
  Status dispatch();
  /// The same for a run that has just been appended at `offset`.
  Status dispatchRun(int64_t offset);

  const Parts parts_;
  std::vector<MessageRecord> records_;  // Kept for its capacity.
  Suspect suspect_;
};

}  // namespace rocketmq::store

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
/// Threads: one; it may wait for the disk. Visible as on a master: under async flush when append()
/// returns, under sync flush when flushed.
class ReplicaAppender {
 public:
  /// Larger records do not exist; a length above it is no length.
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
    int64_t bytes = 0;  ///< 0: more must come first.
    bool ends_file = false;
    TimestampMs newest_ms = 0;
  };

  Status checkStart(int64_t offset);
  /// Leaves the run's records in records_.
  Result<Run> runAt(int64_t offset, std::string_view bytes);
  Result<Run> endOfFile(int64_t offset, std::string_view bytes) const;
  Status write(const Run& run, std::string_view bytes);
  bool tryWrite(const Run& run, std::string_view bytes);
  /// Makes what has been appended visible.
  Status dispatch();
  /// The same for a run that has just been appended at `offset`.
  Status dispatchRun(int64_t offset);

  const Parts parts_;
  std::vector<MessageRecord> records_;  // Kept for its capacity.
};

}  // namespace rocketmq::store

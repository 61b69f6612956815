#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "common/message/record.h"
#include "common/status.h"
#include "store/dispatch/dispatch_rules.h"
#include "store/log/commit_log.h"
#include "store/queue/consume_queue.h"
#include "store/queue/deleted_topics.h"

namespace rocketmq::store {

/// One reading of the log for one queue; see QueueRepair. Entries that name their record stay, so
/// that a pass may be repeated. Keeps a bit per entry. Threads: one, beside the queue's writer,
/// readers and retention.
class RepairPass {
 public:
  /// Borrowed.
  struct Parts {
    const CommitLog& log;
    const DeletedTopics& deleted;
    const DispatchRules& rules;
    const std::atomic<bool>& stopping;
  };

  RepairPass(const Parts& parts, ConsumeQueue& queue);

  /// Closed when it has been stopped. Io: the log or the queue cannot be read or written.
  Status run();

  int64_t entries() const { return end_ - begin_; }
  int64_t rewritten() const { return rewritten_; }
  int64_t lost() const { return lost_; }

 private:
  Status readLog();
  Status enter(const MessageRecord& record);
  /// What no record of the log belongs to becomes pre-blank.
  Status blankRest();
  /// Whether the entry names a record of the log.
  Result<bool> isSound(int64_t index, const QueueEntry& entry) const;
  bool isOfQueue(const MessageRecord& record) const;
  /// Whether an entry that names the record has its tags code, or one that may be right.
  bool tagsMayStay(const QueueEntry& entry, const MessageRecord& record) const;

  const Parts parts_;
  ConsumeQueue& queue_;
  const int64_t begin_;  // Entries.
  const int64_t end_;
  std::vector<bool> known_;  // By entry: it is right.
  int64_t rewritten_ = 0;
  int64_t lost_ = 0;
};

}  // namespace rocketmq::store

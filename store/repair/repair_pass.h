#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "common/message/record.h"
#include "common/status.h"
#include "store/dispatch/dispatch_rules.h"
#include "store/log/commit_log.h"
#include "store/queue/consume_queue.h"
#include "store/queue/deleted_topics.h"

namespace rocketmq::store {

/// One reading of the log for one queue; see QueueRepair. Entries that name their record stay, so
/// that a pass may be repeated, and tell what can be in between: the log may also have records of a
/// topic of that name that was deleted. Keeps two bits per entry. Threads: one, beside the queue's
/// writer, readers and retention.
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
  /// An entry that names its record.
  struct Sound {
    int64_t index = 0;
    int64_t physical_offset = 0;
  };
  Result<std::optional<Sound>> firstSound() const;
  /// Where in the log the queue begins.
  Result<int64_t> findBegin();
  /// Gives `visit` each record of the queue that begins in [from, limit).
  Status walk(int64_t from, int64_t limit,
              const std::function<Status(const MessageRecord&)>& visit);
  Status enter(const MessageRecord& record);
  /// Whether a record there may have that offset, by the sound entries.
  bool isInOrder(const MessageRecord& record) const;
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
  std::vector<bool> sound_;    // By entry: it was right.
  std::vector<bool> entered_;  // It has been written by this pass.
  std::optional<Sound> first_sound_;
  int64_t sound_to_ = 0;  // Index of the last sound entry whose record has been read.
  int64_t told_to_ = 0;   // Damage of the log in front has been logged.
  int64_t rewritten_ = 0;
  int64_t lost_ = 0;
};

}  // namespace rocketmq::store

#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>

#include "common/mutex.h"
#include "common/status.h"
#include "store/dispatch/dispatch_rules.h"
#include "store/log/commit_log.h"
#include "store/queue/consume_queue.h"
#include "store/queue/deleted_topics.h"
#include "store/worker.h"

namespace rocketmq::store {

/// Repairs the consume queues in which readers have met an entry that does not name a record: a
/// start believes the files of a queue, so that it need not read them, and who reads checks each
/// entry. The log is read once for such a queue, from where the queue begins, and its entries that
/// are not what the log says are written again; those of which the log has nothing become pre-blank
/// ones, which readers pass over.
///
/// Bound:   one pass per queue and start. What is damaged after it is passed over, too.
/// Disk:    nothing is flushed: what power loss takes of a repair is damage that is found again.
/// Failure: a log or queue that cannot be read or written is tried again every second.
/// Threads: request() from any; the thread is only started by the first. stop() from the owner.
class QueueRepair {
 public:
  /// Borrowed for the repair's life.
  struct Parts {
    const CommitLog& log;
    const DeletedTopics& deleted;
    const DispatchRules& rules;
  };

  explicit QueueRepair(const Parts& parts) : parts_(parts) {}

  using State = ConsumeQueue::Repair;

  /// The entry of `queue` at `index` is damaged; `before` is queue->repair() from before it was
  /// read, as a repair may have mended it since. True when it is to be passed over, as the queue
  /// has been repaired; else who reads it should come again. Quick.
  bool request(const std::shared_ptr<ConsumeQueue>& queue, State before, int64_t index);

  /// Ends a pass that is under way. What is damaged still is found by the next start's readers.
  void stop();

 private:
  void loop();
  void repair(ConsumeQueue& queue);
  std::shared_ptr<ConsumeQueue> next();

  const Parts parts_;
  Mutex mutex_;
  std::deque<std::shared_ptr<ConsumeQueue>> waiting_ ROCKETMQ_GUARDED_BY(mutex_);
  bool is_started_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  std::atomic<bool> stopping_{false};
  Worker worker_;
};

}  // namespace rocketmq::store

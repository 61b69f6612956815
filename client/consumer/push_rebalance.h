#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "client/consumer/consume_service.h"
#include "client/consumer/consumer_queries.h"
#include "client/consumer/pull_loop.h"
#include "client/consumer/push_context.h"
#include "client/consumer/queue_locks.h"
#include "client/consumer/queue_table.h"
#include "client/consumer/rebalance_retry.h"
#include "common/mutex.h"

namespace rocketmq::client {

/// Divides the queues of the subscribed topics among the members of the group, gives up those that
/// are not ours any more and starts those that are new (RocketMQ: RebalancePushImpl).
///
/// Threads: the consumer's service thread only, if nothing else is said; calls wait for brokers.
class PushRebalance {
 public:
  PushRebalance(PushContext& context, ConsumeService& service, QueueTable& queues, PullLoop& pulls,
                bool orderly);

  /// Without gaps when every queue that should be ours is.
  RebalanceGaps run();

  /// Gives up all queues, stores all offsets and gives back the locks of the queues that no worker
  /// is on. False when there are others: handOverLate() follows for each. Nothing else is called
  /// afterwards.
  bool dropAll(std::chrono::steady_clock::time_point deadline);

  /// Gives a queue away that its last worker has left after the consumer's service thread has
  /// ended. From any thread.
  void handOverLate(const std::shared_ptr<ProcessQueue>& queue,
                    std::chrono::steady_clock::time_point deadline);

  /// Gives a dropped queue away that its last worker has left since.
  void handOverReleased(const std::shared_ptr<ProcessQueue>& queue);

  /// Gives back the broker's lock on `queue`, unless the queue is ours again.
  void giveBackStrayLock(const MessageQueue& queue);

  /// Gives up a queue that was dropped to be started anew; the next run() does that, where the
  /// group is by then.
  void giveUpDropped(const std::shared_ptr<ProcessQueue>& queue);

 private:
  using QueuePtr = std::shared_ptr<ProcessQueue>;

  /// What a member does with the broker's lock on a queue.
  enum class LockUse : uint8_t {
    kNone,      ///< Broadcasting: queues are not shared.
    kPolite,    ///< Concurrent: waits a moment for who has it, then goes without.
    kRequired,  ///< Orderly.
  };

  bool isWorthWaitingFor(const std::string& topic);
  /// Adds those of `mine` to `wanted` that can be started; false when there are others.
  bool update(const std::string& topic, const std::vector<MessageQueue>& mine,
              std::vector<MessageQueue>& wanted);
  bool addQueues(std::vector<MessageQueue> wanted);
  void addQueue(const MessageQueue& queue, int64_t offset, bool locked);
  bool mayStartUnlocked(const MessageQueue& queue, bool refused);
  void drop(const QueuePtr& queue);
  void letGo(const QueuePtr& queue);
  bool mayStoreOffset(const ProcessQueue& queue);
  /// Stores the offsets of queues without workers, then gives their locks back.
  void handOver(const std::vector<QueuePtr>& queues);
  void handOverIdle();
  void sayFarewell(const std::vector<MessageQueue>& queues,
                   std::chrono::steady_clock::time_point deadline);

  PushContext& context_;
  ConsumeService& service_;
  QueueTable& queues_;
  PullLoop& pulls_;
  ConsumerQueries queries_;
  QueueLocks locks_;
  const LockUse lock_use_;
  /// Dropped queues that are not handed over yet; they must not be started again before.
  std::map<MessageQueue, QueuePtr> leaving_;
  /// Those of leaving_ that nobody works on.
  std::vector<QueuePtr> idle_;
  int32_t runs_without_retry_topic_ = 0;
  /// How many queues of each topic are ours, those that are yet to be started included.
  std::map<std::string, int32_t> topic_queues_;
  /// Since when another member holds the lock of a queue that should be ours; kPolite only.
  std::map<MessageQueue, int64_t> refused_since_ms_;

  Mutex late_mutex_;
  /// The queues that a worker was still on in dropAll().
  std::set<QueuePtr> late_ ROCKETMQ_GUARDED_BY(late_mutex_);
};

}  // namespace rocketmq::client

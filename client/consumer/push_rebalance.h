#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "client/consumer/consume_service.h"
#include "client/consumer/consumer_queries.h"
#include "client/consumer/pull_loop.h"
#include "client/consumer/push_context.h"
#include "client/consumer/queue_locks.h"
#include "client/consumer/queue_table.h"
#include "client/consumer/rebalance_retry.h"

namespace rocketmq::client {

/// Divides the queues of the subscribed topics among the members of the group, gives up those that
/// are not ours any more and starts those that are new (RocketMQ: RebalancePushImpl).
///
/// Threads: the consumer's service thread only; calls wait for brokers.
class PushRebalance {
 public:
  PushRebalance(PushContext& context, ConsumeService& service, QueueTable& queues, PullLoop& pulls,
                bool orderly);

  /// Without gaps when every queue that should be ours is.
  RebalanceGaps run();

  /// Gives up all queues, and the locks of those that no worker is on. The offsets have been stored
  /// before; nothing else is called afterwards.
  void dropAll();

  /// Gives a dropped queue away that its last worker has left since.
  void handOverReleased(const std::shared_ptr<ProcessQueue>& queue);

  /// Gives back the broker's lock on `queue`, unless the queue is ours again.
  void giveBackStrayLock(const MessageQueue& queue);

  /// Makes `offset` the group's in a queue that was dropped for that, and gives the queue up; the
  /// next run() starts it anew.
  void moveOffset(const std::shared_ptr<ProcessQueue>& queue, int64_t offset);

 private:
  using QueuePtr = std::shared_ptr<ProcessQueue>;

  /// What a member does with the broker's lock on a queue.
  enum class LockUse : uint8_t {
    kNone,      ///< Broadcasting: queues are not shared.
    kPolite,    ///< Concurrent: waits a moment for who has it, then goes without.
    kRequired,  ///< Orderly.
  };

  bool isWorthWaitingFor(const std::string& topic);
  bool update(const std::string& topic, const std::vector<MessageQueue>& mine);
  /// `topic_queues`: how many of the topic are ours, those that we have already included.
  bool addQueues(const std::vector<MessageQueue>& wanted, int32_t topic_queues);
  bool addQueue(const MessageQueue& queue, int32_t topic_queues, bool locked);
  bool mayStartUnlocked(const MessageQueue& queue, bool refused);
  void drop(const QueuePtr& queue);
  void letGo(const QueuePtr& queue);
  /// Stores the offsets of queues without workers, then gives their locks back.
  void handOver(const std::vector<QueuePtr>& queues);
  void handOverIdle();

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
  /// Since when another member holds the lock of a queue that should be ours; kPolite only.
  std::map<MessageQueue, int64_t> refused_since_ms_;
};

}  // namespace rocketmq::client

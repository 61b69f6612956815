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

namespace rocketmq::client {

/// Divides the queues of the subscribed topics among the members of the group, gives up those that
/// are not ours any more and starts those that are new (RocketMQ: RebalancePushImpl).
///
/// Threads: the consumer's service thread only; calls wait for brokers.
class PushRebalance {
 public:
  PushRebalance(PushContext& context, ConsumeService& service, QueueTable& queues, PullLoop& pulls,
                bool orderly);

  /// True when every queue that should be ours is; false: something could not be asked or locked,
  /// so it should be run again soon.
  bool run();

  /// Gives up queues: their offsets are stored, and locks given back when their workers have left.
  void dropAll();

  /// Makes `offset` the group's in a queue that was dropped for that, and gives the queue up; the
  /// next run() starts it anew.
  void moveOffset(const std::shared_ptr<ProcessQueue>& queue, int64_t offset);

 private:
  bool update(const std::string& topic, const std::vector<MessageQueue>& mine);
  /// `topic_queues`: how many of the topic are ours, those that we have already included.
  bool addQueues(const std::vector<MessageQueue>& wanted, int32_t topic_queues);
  bool addQueue(const MessageQueue& queue, int32_t topic_queues);
  void drop(const std::shared_ptr<ProcessQueue>& queue);

  PushContext& context_;
  ConsumeService& service_;
  QueueTable& queues_;
  PullLoop& pulls_;
  ConsumerQueries queries_;
  QueueLocks locks_;
  const bool needs_lock_;
  /// Dropped queues with a worker still on them; they must not be started again before it has left.
  std::map<MessageQueue, std::shared_ptr<ProcessQueue>> leaving_;
};

}  // namespace rocketmq::client

#pragma once

#include <map>
#include <memory>
#include <vector>

#include "client/consumer/process_queue.h"
#include "common/mutex.h"

namespace rocketmq::client {

/// The queues that a push consumer owns now. Threads: any; only the rebalance adds and removes.
class QueueTable {
 public:
  using QueuePtr = std::shared_ptr<ProcessQueue>;

  void add(const QueuePtr& queue) {
    MutexLock lock(mutex_);
    queues_[queue->queue()] = queue;
  }

  /// Takes `queue` out if it is still the one in the table.
  void remove(const QueuePtr& queue) {
    MutexLock lock(mutex_);
    const auto found = queues_.find(queue->queue());
    if (found != queues_.end() && found->second == queue) {
      queues_.erase(found);
    }
  }

  QueuePtr find(const MessageQueue& queue) const {
    MutexLock lock(mutex_);
    const auto found = queues_.find(queue);
    return found == queues_.end() ? nullptr : found->second;
  }

  std::vector<QueuePtr> all() const {
    std::vector<QueuePtr> queues;
    MutexLock lock(mutex_);
    for (const auto& [key, queue] : queues_) {
      queues.push_back(queue);
    }
    return queues;
  }

 private:
  mutable Mutex mutex_;
  std::map<MessageQueue, QueuePtr> queues_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::client

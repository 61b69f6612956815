#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "client/consumer/process_queue.h"
#include "client/consumer/push_context.h"
#include "client/instance/countdown.h"

namespace rocketmq::client {

/// The brokers' locks on queues (RocketMQ: RebalanceImpl.lock and unlock). By them an orderly group
/// makes sure that only one of its members consumes a queue; a member of a concurrent group sees
/// by them whether the one before is still busy with a queue. May go before what it has begun ends.
/// Threads: any, if nothing else is said.
class QueueLocks {
 public:
  explicit QueueLocks(PushContext& context) : context_(context) {}

  /// A queue in neither of both: its broker did not answer.
  struct Answer {
    std::set<MessageQueue> granted;
    std::set<MessageQueue> refused;  ///< Another client holds the lock.
  };

  /// Asks for the locks of several queues and waits. Not on the event loop.
  Answer lock(const std::vector<MessageQueue>& queues);

  /// Renews the locks of `queues` and notes in each what came of it; drops a queue whose lock was
  /// lost meanwhile. A concurrent queue whose lock comes late is dropped only when the group's
  /// offset is beyond ours: what its listeners are busy with would be repeated. `done`, if any, is
  /// called on the event loop when all brokers have answered.
  void renew(const std::vector<std::shared_ptr<ProcessQueue>>& queues,
             std::function<void()> done = nullptr);

  /// Gives locks up, without waiting.
  void unlock(const std::vector<MessageQueue>& queues);

 private:
  using QueuePtr = std::shared_ptr<ProcessQueue>;
  using CountdownPtr = std::shared_ptr<Countdown>;

  // Parts of renew(), which this object need not outlive. On the event loop.
  static void take(PushContext& context, const QueuePtr& queue, bool granted,
                   const std::string& address, const CountdownPtr& answers);
  static void lose(PushContext& context, const QueuePtr& queue);
  static void askWhoIsFurther(PushContext& context, const QueuePtr& queue,
                              const std::string& address, const CountdownPtr& answers);

  PushContext& context_;
};

}  // namespace rocketmq::client

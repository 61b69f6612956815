#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "client/consumer/process_queue.h"
#include "remoting/protocol/bodies/consumer_running_info.h"

namespace rocketmq::client {

/// Runs the application's listener on pulled messages and commits what it has done (RocketMQ:
/// ConsumeMessageService). One kind for each kind of listener.
///
/// Life: made with the consumer; stop() once. Listeners that are still running then may go on until
/// the destructor, which waits for them. What a concurrent one returns has no effect any more; an
/// orderly one keeps its queue until it ends.
class ConsumeService {
 public:
  virtual ~ConsumeService() = default;

  /// The kind of queue that this service consumes.
  virtual std::shared_ptr<ProcessQueue> makeQueue(const MessageQueue& queue) const = 0;

  /// Takes messages of a queue made by makeQueue(). On the event loop.
  virtual void consume(const std::shared_ptr<ProcessQueue>& queue,
                       std::vector<MessageExt> messages) = 0;

  /// True when nobody works on a dropped queue any more, so that it may be given away now.
  /// Otherwise on_released of the context is called when that is so. On the consumer's service
  /// thread, or after stop().
  virtual bool release(const std::shared_ptr<ProcessQueue>& queue) = 0;

  /// Runs the listener on one message, for an administrator.
  virtual void consumeDirectly(
      MessageExt message, std::function<void(remoting::ConsumeMessageDirectlyResult)> done) = 0;

  /// True inside a listener.
  virtual bool onOwnThread() const = 0;

  /// How many listeners may run at the same time from now on.
  virtual void setThreads(size_t threads) = 0;

  /// Looks for listeners that take too long. On the event loop, once a minute or more often.
  virtual void checkTimeouts(const std::vector<std::shared_ptr<ProcessQueue>>& queues) = 0;

  /// Starts no more listeners; false when some were still running at `until`. A listener that calls
  /// this itself does not count.
  virtual bool stop(std::chrono::steady_clock::time_point until) = 0;
};

}  // namespace rocketmq::client

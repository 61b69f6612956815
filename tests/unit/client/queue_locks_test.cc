// The brokers' locks on queues, when a renewal and the end of a queue come together.

#include "client/consumer/queue_locks.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <vector>

#include "tests/unit/client/push_rebalance_fixture.h"

namespace rocketmq::client {
namespace {

class QueueLocksTest : public PushRebalanceTest {
 protected:
  QueueLocksTest() {
    const auto soon = remoting::deadlineAfter(std::chrono::seconds(10));
    EXPECT_TRUE(context_.instance->fetchRouteSync("T", soon).ok());
  }

  void renew(const std::shared_ptr<ProcessQueue>& queue) {
    std::promise<void> done;
    QueueLocks(context_).renew({queue}, [&done] { done.set_value(); });
    done.get_future().wait();
  }
  std::shared_ptr<ProcessQueue> releasedQueue() const {
    auto queue = service_.makeQueue(name_);
    queue->drop(ProcessQueue::DropReason::kGivenUp);
    EXPECT_TRUE(queue->releaseIfIdle());
    return queue;
  }
  bool isLocked() const { return cluster_.broker().locked().contains({"T", "b0", 0}); }

  const MessageQueue name_{"T", "b0", 0};
};

// Promise: a renewal that reaches the broker behind the unlock of its queue does not keep the queue
// from all members for as long as a lock lasts.
TEST_F(QueueLocksTest, ALockThatIsGrantedAfterItsQueueWasGivenAwayIsGivenBack) {
  renew(releasedQueue());
  EXPECT_EQ(broker().lockRequests(), 1);
  EXPECT_TRUE(eventually([this] { return !isLocked(); }));
}

TEST_F(QueueLocksTest, ALockThatServesTheQueueAgainIsKept) {
  const auto again = service_.makeQueue(name_);
  queues_.add(again);
  renew(releasedQueue());
  renew(again);  // The broker has seen by now what was sent before.
  EXPECT_EQ(broker().unlocks(), 0);
  EXPECT_TRUE(isLocked());
}

}  // namespace
}  // namespace rocketmq::client

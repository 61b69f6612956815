// What the pull loop says of a group's progress where it has nothing for the listener.

#include "client/consumer/pull_loop.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "tests/unit/client/push_rebalance_fixture.h"

namespace rocketmq::client {
namespace {

/// A queue of which nothing is ever cached.
class EmptyQueue final : public ProcessQueue {
 public:
  /// `on_look` is told how often the pull loop has looked at what is cached.
  EmptyQueue(const MessageQueue& queue, std::function<void(EmptyQueue&, int)> on_look)
      : ProcessQueue(queue), on_look_(std::move(on_look)) {}

  bool isOrderly() const override { return false; }
  CachedAmount cached() const override {
    on_look_(const_cast<EmptyQueue&>(*this), ++looks_);
    return {};
  }
  bool releaseIfIdle() override {
    MutexLock lock(mutex_);
    return !released_.exchange(true);
  }

 private:
  const std::function<void(EmptyQueue&, int)> on_look_;
  mutable int looks_ = 0;
};

/// The pull loop looks for room, then whether it may commit the offset behind what it has pulled.
constexpr int kLookBeforeCommit = 2;

/// One message that nobody wants is pulled.
class PullLoopTest : public PushRebalanceTest {
 protected:
  PullLoopTest() {
    context_.offsets =
        std::make_shared<RemoteOffsetStore>(*context_.instance, context_.calls, "CG");
    EXPECT_TRUE(context_.subscriptions->add("T", MessageSelector::byTag("wanted"), 1).isOk());
    const auto soon = remoting::deadlineAfter(std::chrono::seconds(10));
    EXPECT_TRUE(context_.instance->fetchRouteSync("T", soon).ok());
    broker().append("T", 0, "unwanted");
  }

  const MessageQueue name_{"T", "b0", 0};
};

TEST_F(PullLoopTest, TheOffsetBehindWhatNobodyWantsIsCommitted) {
  pulls_.start(std::make_shared<EmptyQueue>(name_, [](EmptyQueue&, int) {}));
  EXPECT_TRUE(eventually([&] { return context_.offsets->cached(name_) == 1; }));
}

// Promise: a member that has stood still for longer than its lock was good for does not take the
// group back with the first pull that it sends after that.
TEST_F(PullLoopTest, APullTellsNoOffsetWhenTheLockRanOut) {
  const auto queue = std::make_shared<EmptyQueue>(name_, [](EmptyQueue&, int) {});
  queue->setLocked(true, 1);
  context_.offsets->update(name_, 5, true);
  broker().failLocks(true);
  pulls_.start(queue);
  ASSERT_TRUE(eventually([this] { return broker().pulls("T") >= 2; }));
  EXPECT_EQ(broker().committed("CG", "T"), std::nullopt);
}

// Promise: a reader at the end of a slave that does not make it wait does not ask without a pause:
// it took half a core of each.
TEST_F(PullLoopTest, ABrokerThatDoesNotHoldPullsIsAskedAFewTimesASecond) {
  broker().holdNoPulls();
  pulls_.start(std::make_shared<EmptyQueue>(name_, [](EmptyQueue&, int) {}));
  const auto begin = std::chrono::steady_clock::now();
  ASSERT_TRUE(eventually([this] { return broker().pulls("T") >= 6; }));
  // The first of them found a message; between the others there is a pause.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 4 * kPullAgainDelay);
}

// Promise: such a member asks whether it still has the queue before it pulls more of what others
// may have consumed.
TEST_F(PullLoopTest, NothingIsPulledWhenTheLockThatRanOutIsLost) {
  const auto queue = std::make_shared<EmptyQueue>(name_, [](EmptyQueue&, int) {});
  queue->setLocked(true, 1);
  broker().setCommitted("CG", "T", 0, 9);
  pulls_.start(queue);
  ASSERT_TRUE(eventually([&] { return queue.use_count() == 1 || lost_.find(name_) == queue; }));
  EXPECT_EQ(lost_.find(name_), queue);
  EXPECT_EQ(broker().pulls("T"), 0);
}

// Promise: the offset of a queue that has been given away meanwhile does not come back into the
// store, from which it would go over what the next member has committed.
TEST_F(PullLoopTest, NothingIsCommittedForAQueueThatHasBeenGivenAway) {
  const auto queue = std::make_shared<EmptyQueue>(name_, [](EmptyQueue& self, int look) {
    if (look == kLookBeforeCommit) {
      self.drop(ProcessQueue::DropReason::kGivenUp);
      EXPECT_TRUE(self.releaseIfIdle());
    }
  });
  pulls_.start(queue);
  // Then nobody pulls it any more.
  ASSERT_TRUE(eventually([&] { return queue->released() && queue.use_count() == 1; }));
  EXPECT_EQ(queue->next_offset, 1);
  EXPECT_EQ(context_.offsets->cached(name_), std::nullopt);
}

}  // namespace
}  // namespace rocketmq::client

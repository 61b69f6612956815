// The brokers' locks on queues: when a renewal and the end of a queue come together, and when a
// lock is lost.

#include "client/consumer/queue_locks.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <future>
#include <memory>
#include <vector>

#include "client/consumer/standstill_watch.h"
#include "client/instance/system_properties.h"
#include "tests/unit/client/messages.h"
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
// Promise: locks and listeners that are stuck are measured by a clock that nobody sets and that
// goes on while the machine sleeps; administrators read when it was.
TEST_F(QueueLocksTest, TimesAreMeasuredByTheUptime) {
  const auto systemUptime = [] {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
  };
  const int64_t before = systemUptime();
  const int64_t uptime = context_.uptimeMs();
  EXPECT_GE(uptime, before);
  EXPECT_LE(uptime, systemUptime() + 1);
  EXPECT_NEAR(static_cast<double>(context_.wallMs(uptime - 5000)),
              static_cast<double>(context_.nowMs() - 5000), 1000);
  EXPECT_EQ(context_.wallMs(0), 0) << "never";
}

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

// Promise: a member that shuts down while it asks for locks does not blame the broker.
TEST_F(QueueLocksTest, AQuestionThatTheShutdownCutsOffIsNoFailure) {
  testing::internal::CaptureStderr();
  context_.calls.cancel();
  EXPECT_TRUE(QueueLocks(context_).lock({name_}).granted.empty());
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

/// A queue of ours whose lock was granted long ago, of which this member has consumed up to 5.
class LostLockTest : public QueueLocksTest {
 protected:
  LostLockTest() {
    context_.offsets =
        std::make_shared<RemoteOffsetStore>(*context_.instance, context_.calls, "CG");
    context_.offsets->update(name_, 5, true);
    queues_.add(queue_);
    queue_->setLocked(true, 1);
  }
  /// What the group's offset is when this member has given the queue up.
  std::optional<int64_t> committedInTheEnd() {
    rebalance_.giveUpDropped(queue_);
    EXPECT_EQ(queues_.find(name_), nullptr);
    EXPECT_FALSE(context_.offsets->cached(name_).has_value());
    return broker().committed("CG", "T");
  }

  const std::shared_ptr<ProcessQueue> queue_ = service_.makeQueue(name_);
};

// Promise: a member that comes back after its locks' time does not go on from where it was, and
// what it has consumed does not go over what others have stored meanwhile.
TEST_F(LostLockTest, ALockThatIsGrantedAfterItsTimeIsNoLongerTheSame) {
  broker().setCommitted("CG", "T", 0, 9);
  renew(queue_);
  EXPECT_EQ(lost_.find(name_), queue_);
  EXPECT_TRUE(queue_->dropped());
  EXPECT_EQ(committedInTheEnd(), 9);
  EXPECT_TRUE(eventually([this] { return !isLocked(); })) << "the next rebalance asks anew";
}

// Promise: when a broker was away for longer than a lock is good for, nobody has had the queue, so
// nothing that a listener is busy with is repeated.
TEST_F(LostLockTest, AConcurrentQueueIsKeptWhenNobodyIsFurther) {
  for (const int64_t stored : {3, 5}) {
    SCOPED_TRACE(stored);
    broker().setCommitted("CG", "T", 0, stored);
    queue_->setLocked(true, 1);
    renew(queue_);
    EXPECT_FALSE(queue_->dropped());
    EXPECT_TRUE(queue_->holdsLock(context_.uptimeMs()));
  }
  EXPECT_EQ(lost_.find(name_), nullptr);
}

TEST_F(LostLockTest, WhatHasNotConsumedYetIsAsFarAsWhereItBegan) {
  context_.offsets->remove(name_);
  queue_->start_offset.store(4);
  broker().setCommitted("CG", "T", 0, 4);
  renew(queue_);
  EXPECT_FALSE(queue_->dropped());
  broker().setCommitted("CG", "T", 0, 5);
  queue_->setLocked(true, 1);
  renew(queue_);
  EXPECT_EQ(lost_.find(name_), queue_);
}

// Promise: a listener that is busy while its broker comes back counts, however long it takes.
TEST_F(LostLockTest, AListenerThatOutlastsTheOutageOfABrokerCounts) {
  std::promise<void> may_end;
  std::atomic<int> calls{0};
  ConcurrentService service(context_, [&](const auto&, auto&) {
    ++calls;
    may_end.get_future().wait();
    return ConsumeConcurrentlyStatus::kConsumeSuccess;
  });
  context_.on_progress = [](const auto&) {};
  const auto queue = service.makeQueue(name_);
  service.consume(queue, makeMessages(5, 1));
  ASSERT_TRUE(eventually([&] { return calls == 1; }));
  queue->setLocked(true, 1);
  broker().setCommitted("CG", "T", 0, 5);
  renew(queue);
  EXPECT_FALSE(queue->dropped()) << "it would be repeated two seconds later";
  may_end.set_value();
  EXPECT_TRUE(eventually([&] { return context_.offsets->cached(name_) == 6; }));
  EXPECT_EQ(lost_.find(name_), nullptr);
  EXPECT_EQ(calls, 1);
  service.stop(std::chrono::steady_clock::time_point::max());
}

TEST_F(LostLockTest, WithoutAWordOfTheGroupsOffsetNothingChanges) {
  broker().stop();
  renew(queue_);
  EXPECT_FALSE(queue_->dropped());
  EXPECT_TRUE(queue_->lockRanOut(context_.uptimeMs()));
}

TEST_F(LostLockTest, AnOrderlyQueueWhoseLockComesLateIsLost) {
  const auto orderly = std::make_shared<OrderlyProcessQueue>(name_);
  orderly->setLocked(true, 1);
  broker().setCommitted("CG", "T", 0, 3);
  renew(orderly);
  EXPECT_EQ(lost_.find(name_), orderly);
  EXPECT_TRUE(orderly->dropped());
}

TEST_F(LostLockTest, ALockThatIsRefusedIsLost) {
  queue_->setLocked(true, context_.uptimeMs());
  broker().refuseLocks(true);
  renew(queue_);
  EXPECT_EQ(lost_.find(name_), queue_);
  EXPECT_TRUE(queue_->dropped());
}

TEST_F(LostLockTest, ALockThatIsRenewedInTimeIsKept) {
  queue_->setLocked(true, context_.uptimeMs());
  renew(queue_);
  EXPECT_EQ(lost_.find(name_), nullptr);
  EXPECT_TRUE(queue_->holdsLock(context_.uptimeMs()));
}

TEST(StandstillWatchTest, TellsACallThatComesMuchTooLate) {
  StandstillWatch watch(std::chrono::milliseconds(5000), 1000);
  EXPECT_FALSE(watch.stoodStill(6500));
  EXPECT_FALSE(watch.stoodStill(6500 + 34'000));
  EXPECT_TRUE(watch.stoodStill(40'500 + 36'000));
  EXPECT_FALSE(watch.stoodStill(76'500 + 5000));
}

// In a process of its own, as the property is read once.
TEST(StandstillWatchTest, BelievesInALockForAsLongAsItsQueueDoes) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        setProperty(std::string(system_property::kLockMaxLiveTime), "1000");
        StandstillWatch watch(std::chrono::milliseconds(5000), 1000);
        std::exit(watch.stoodStill(1000 + 6500) ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace rocketmq::client

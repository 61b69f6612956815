// How a queue goes from one member of a group to another: a member that gives a queue up finishes
// and stores what its listeners have begun before the lock goes back, and one that gets a queue
// leaves it to the member before until the lock is free, but not for ever.

#include <gtest/gtest.h>

#include <future>

#include "tests/unit/client/push_consumer_fixture.h"
#include "tests/unit/client/turnstile.h"
#include "tests/unit/common/temp_folder.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

const model::MessageQueue kQueue{"T", "b0", 0};
// What a member waits for its listeners, and what the next one waits for the lock.
constexpr milliseconds kListenersOutMax{2000};
constexpr milliseconds kHeldBackMax{3000};

class QueueHandOverTest : public PushConsumerTest {
 protected:
  void loseLock(DefaultMQPushConsumer& subject);
  bool isLocked() { return broker().locked().contains(kQueue); }

  std::unique_ptr<DefaultMQPushConsumer> startWithin(Turnstile& turnstile) {
    auto subject = consumer(config(), [&turnstile](const auto&, auto&) {
      turnstile.pass();
      return ConsumeConcurrentlyStatus::kConsumeSuccess;
    });
    subject->start();
    turnstile.awaitEntry();
    return subject;
  }
};

// Promise: a queue that goes to another member while its listener works is not consumed twice: the
// listener ends, its offset is stored, and only then is the lock given back.
TEST_F(QueueHandOverTest, AnOrderlyQueueIsHandedOverWithWhatItsListenerHasFinished) {
  broker().append("T", 0, "a");
  std::promise<void> entered;
  std::promise<void> go_on;
  std::shared_future<void> may_go_on = go_on.get_future().share();
  auto subject = orderly(config(), [&](const std::vector<MessageExt>&) {
    entered.set_value();
    may_go_on.wait();
    return ConsumeOrderlyStatus::kSuccess;
  });
  subject->start();
  entered.get_future().wait();
  subject->unsubscribe("T");
  EXPECT_TRUE(eventually([&] { return !owns({"T", "b0", 0}); }));
  EXPECT_TRUE(broker().locked().contains({"T", "b0", 0}));
  EXPECT_EQ(broker().committed("CG", "T"), 0) << "where it began";
  go_on.set_value();
  EXPECT_TRUE(eventually([&] { return !broker().locked().contains({"T", "b0", 0}); }));
  EXPECT_EQ(broker().committed("CG", "T"), 1);
}

TEST_F(QueueHandOverTest, AConcurrentQueueIsHandedOverWithWhatItsListenersHaveFinished) {
  broker().append("T", 0, "a");
  Turnstile turnstile;
  auto subject = startWithin(turnstile);
  EXPECT_TRUE(isLocked()) << "members that come see that this one has the queue";
  subject->unsubscribe("T");
  ASSERT_TRUE(eventually([&] { return !owns({"T", "b0", 0}); }));
  const auto given_up = steady_clock::now();
  turnstile.open();
  ASSERT_TRUE(eventually([&] { return !isLocked(); }));
  if (steady_clock::now() - given_up < kListenersOutMax / 2) {
    EXPECT_EQ(broker().committed("CG", "T"), 1) << "stored before the lock goes back";
  }
}

// Promise: nobody waits longer than two seconds for a listener; its messages are repeated by the
// member that gets the queue, and what it still says has no effect.
TEST_F(QueueHandOverTest, AListenerThatTakesTooLongLosesItsQueueAndItsSay) {
  broker().append("T", 0, "a");
  Turnstile turnstile;
  const auto begin = steady_clock::now();
  auto subject = startWithin(turnstile);
  subject->unsubscribe("T");
  ASSERT_TRUE(eventually([&] { return !isLocked(); }));
  EXPECT_GE(steady_clock::now() - begin, kListenersOutMax);
  EXPECT_EQ(broker().committed("CG", "T").value_or(0), 0);
  turnstile.open();
  subject->shutdown();
  EXPECT_EQ(broker().committed("CG", "T").value_or(0), 0);
}

// The queue comes back before its listener has ended: it must not be started a second time beside
// it, and starts behind what the listener has finished.
TEST_F(QueueHandOverTest, AQueueThatComesBackWaitsForItsOwnListener) {
  broker().append("T", 0, "a");
  broker().append("T", 0, "b");
  Turnstile turnstile;
  PushConsumerConfig one_thread = config();
  one_thread.consume_message_batch_max_size = 2;
  auto subject = consumer(one_thread, [&](const auto&, auto&) {
    turnstile.pass();
    return ConsumeConcurrentlyStatus::kConsumeSuccess;
  });
  subject->start();
  turnstile.awaitEntry();
  subject->unsubscribe("T");
  ASSERT_TRUE(eventually([&] { return !owns({"T", "b0", 0}); }));
  const auto given_up = steady_clock::now();
  subject->subscribe("T");
  turnstile.open();
  ASSERT_TRUE(eventually([&] { return owns({"T", "b0", 0}); }));
  broker().append("T", 0, "c");
  ASSERT_TRUE(eventually([&] { return received_.hasCount(3); }));
  if (steady_clock::now() - given_up < kListenersOutMax / 2) {
    EXPECT_EQ(received_.bodies(), (std::vector<std::string>{"a", "b", "c"}));
  }
}

TEST_F(QueueHandOverTest, AQueueThatAnotherMemberHoldsIsStartedAsSoonAsItIsFree) {
  broker().refuseLocks(true);
  broker().append("T", 0, "a");
  const auto begin = steady_clock::now();
  auto subject = consumer(config());
  subject->start();
  ASSERT_TRUE(eventually([&] { return broker().lockRequests() >= 3; }));
  const int64_t pulls = broker().pulls("T");
  if (steady_clock::now() - begin < kHeldBackMax) {
    EXPECT_EQ(pulls, 0) << "it belongs to the other member still";
  }
  broker().refuseLocks(false);
  EXPECT_TRUE(eventually([&] { return received_.hasCount(1); }));
}

// A member that was killed cannot give its locks back, and one of RocketMQ's own asks for none.
TEST_F(QueueHandOverTest, AQueueThatNobodyGivesBackIsStartedAfterThreeSeconds) {
  broker().refuseLocks(true);
  broker().append("T", 0, "a");
  const auto begin = steady_clock::now();
  auto subject = consumer(config());
  subject->start();
  ASSERT_TRUE(eventually([&] { return received_.hasCount(1); }));
  EXPECT_GE(steady_clock::now() - begin, kHeldBackMax);
  subject->shutdown();
  EXPECT_EQ(broker().committed("CG", "T"), 1) << "it is consumed like any other";
}

/// Renews locks all the time.
class QuickRenewals {
 public:
  QuickRenewals() { setProperty(kName, "20"); }
  ~QuickRenewals() { setProperty(kName, ""); }

 private:
  static constexpr const char* kName = "rocketmq.client.rebalance.lockInterval";
};

// Promise: a member that finds its queue locked by another one, as after it has stood still for
// long, goes on where the group is then, and does not take the group back to where it was itself.
void QueueHandOverTest::loseLock(DefaultMQPushConsumer& subject) {
  const QuickRenewals quick_renewals;
  broker().append("T", 0, "a");
  subject.start();
  ASSERT_TRUE(eventually([&] { return received_.hasCount(1); }));
  broker().refuseLocks(true);
  ASSERT_TRUE(eventually([&] { return !owns({"T", "b0", 0}); }));
  ASSERT_TRUE(eventually([&] { return broker().committed("CG", "T") == 1; }));
  broker().append("T", 0, "b");
  broker().setCommitted("CG", "T", 0, 2);  // By the member that has the lock.
  broker().refuseLocks(false);
  broker().append("T", 0, "c");
  ASSERT_TRUE(eventually([&] { return received_.hasCount(2); }));
  EXPECT_EQ(received_.bodies(), (std::vector<std::string>{"a", "c"}));
  subject.shutdown();
  EXPECT_EQ(broker().committed("CG", "T"), 3);
}

TEST_F(QueueHandOverTest, AnOrderlyMemberThatHasLostItsLockGoesOnWhereTheGroupIs) {
  loseLock(*orderly(config()));
}

TEST_F(QueueHandOverTest, AConcurrentMemberThatHasLostItsLockGoesOnWhereTheGroupIs) {
  loseLock(*consumer(config()));
}

TEST_F(QueueHandOverTest, ABroadcastingMemberAsksForNoLock) {
  const rocketmq::test::TempFolder folder;
  setProperty("rocketmq.client.localOffsetStoreDir", folder.path());
  broker().append("T", 0, "a");
  PushConsumerConfig broadcast = config();
  broadcast.message_model = MessageModel::kBroadcasting;
  auto subject = consumer(broadcast);
  subject->start();
  ASSERT_TRUE(eventually([&] { return received_.hasCount(1); }));
  EXPECT_EQ(broker().lockRequests(), 0);
}

}  // namespace
}  // namespace rocketmq::client

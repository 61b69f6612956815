// The offsets of a clustering group: how often a value is sent to its broker.

#include "client/consumer/offset_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "tests/unit/client/push_rebalance_fixture.h"

namespace rocketmq::client {
namespace {

class RemoteOffsetStoreTest : public PushRebalanceTest {
 protected:
  RemoteOffsetStoreTest() {
    const auto soon = remoting::deadlineAfter(std::chrono::seconds(10));
    EXPECT_TRUE(context_.instance->fetchRouteSync("T", soon).ok());
    subject_->update(name_, 5, true);
  }

  /// Lets `count` periods pass, in each of which the value is sent.
  void passPeriods(int count) {
    for (int i = 0; i < count; ++i) {
      const int64_t before = broker().offsetUpdates();
      subject_->persistAll();
      ASSERT_TRUE(eventually([&] { return broker().offsetUpdates() == before + 1; })) << i;
    }
  }

  const MessageQueue name_{"T", "b0", 0};
  const std::shared_ptr<RemoteOffsetStore> subject_ =
      std::make_shared<RemoteOffsetStore>(*context_.instance, context_.calls, "CG");
};

// Promise: a broker that has lost a value that it has confirmed, within a minute, gets it again; a
// value that stays for longer does not go over what others have stored since.
TEST_F(RemoteOffsetStoreTest, AValueIsSentForAWhileAfterItHasArrived) {
  passPeriods(12);
  broker().setCommitted("CG", "T", 0, 0);
  passPeriods(1);
  EXPECT_TRUE(eventually([&] { return broker().committed("CG", "T") == 5; }));
  broker().setCommitted("CG", "T", 0, 9);
  subject_->persistAll();
  EXPECT_EQ(subject_->persistFinally(std::chrono::steady_clock::time_point::max()), std::nullopt);
  EXPECT_EQ(subject_->load(name_).offset, 9);
}

TEST_F(RemoteOffsetStoreTest, AMissingAnswerMakesTheWhileBeginAnew) {
  passPeriods(12);
  broker().refuseOffsets(true);
  passPeriods(1);
  broker().refuseOffsets(false);
  EXPECT_TRUE(eventually([&] {
    subject_->persistAll();
    return broker().committed("CG", "T") == 5;
  }));
  broker().setCommitted("CG", "T", 0, 0);
  EXPECT_TRUE(eventually([&] {
    subject_->persistAll();
    return broker().committed("CG", "T") == 5;
  }));
}

// What an application reads anew it goes on from.
TEST_F(RemoteOffsetStoreTest, WhatWasReadSinceIsNotSentOver) {
  passPeriods(2);
  broker().setCommitted("CG", "T", 0, 9);
  ASSERT_TRUE(eventually([&] {
    subject_->remember(name_, 9);
    return subject_->cached(name_) == 9;
  }));
  subject_->persistAll();
  EXPECT_EQ(subject_->load(name_).offset, 9);
}

// Promise: where a group began is not told again and again: it would take back who commits
// meanwhile.
TEST_F(RemoteOffsetStoreTest, WhereAGroupBeginsIsToldOnceWhenThatHasArrived) {
  subject_->begin(name_, 2);
  EXPECT_EQ(subject_->persistNow({name_}), std::nullopt);
  EXPECT_EQ(broker().committed("CG", "T"), 2);
  broker().setCommitted("CG", "T", 0, 9);
  subject_->persistAll();
  EXPECT_EQ(subject_->load(name_).offset, 9);
}

// Promise: nothing that is still under way in a queue goes over the place that it was moved to.
TEST_F(RemoteOffsetStoreTest, AMovedQueueStaysThereUntilItIsStartedAnew) {
  subject_->move(name_, 2);
  EXPECT_TRUE(eventually([&] { return broker().committed("CG", "T") == 2; })) << "at once";
  subject_->update(name_, 9, true);
  subject_->update(name_, 1, false);
  subject_->persistAll();
  EXPECT_EQ(subject_->persistFinally(std::chrono::steady_clock::time_point::max()), std::nullopt);
  EXPECT_EQ(broker().committed("CG", "T"), 2);
  subject_->move(name_, 0);
  EXPECT_EQ(subject_->cached(name_), 0);
  subject_->remove(name_);
  subject_->add(name_);
  EXPECT_EQ(subject_->cached(name_), std::nullopt);
  subject_->update(name_, 9, true);
  EXPECT_EQ(subject_->cached(name_), 9);
}

TEST_F(RemoteOffsetStoreTest, AMoveWhileOlderValuesAreBeingSentIsTheLastThatIsHeard) {
  for (int64_t i = 0; i < 300; ++i) {
    subject_->remove(name_);
    subject_->update(name_, 1000 + i, true);
    std::atomic<bool> begun{false};
    std::thread others([&] {
      begun.store(true);
      subject_->persistAll();
    });
    while (!begun.load()) {
    }
    subject_->move(name_, i);
    others.join();
    ASSERT_EQ(subject_->load(name_).offset, i);
  }
}

TEST_F(RemoteOffsetStoreTest, AQueueThatIsNotOursIsNotMoved) {
  subject_->remove(name_);
  subject_->move(name_, 2);
  EXPECT_FALSE(subject_->isMoved(name_));
  EXPECT_EQ(subject_->cached(name_), std::nullopt);
}

}  // namespace
}  // namespace rocketmq::client

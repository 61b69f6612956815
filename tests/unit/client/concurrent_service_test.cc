#include "client/consumer/concurrent_service.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <vector>

#include "tests/unit/client/fake_cluster.h"
#include "tests/unit/client/messages.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

const MessageQueue kQueue{"T", "b0", 0};

/// The service alone, with messages that the test hands it in place of pulls.
class ConcurrentServiceTest : public testing::Test {
 protected:
  ConcurrentServiceTest() { cluster_.createTopic("T"); }

  void makeContext() {
    config_.namesrv_addr = cluster_.nameServer();
    config_.consumer_group = "CG";
    config_.consume_thread_max = 3;
    auto instance = ClientInstance::acquire(config_, makeClientId(config_, false));
    EXPECT_TRUE(instance.value()
                    ->fetchRouteSync("T", remoting::deadlineAfter(std::chrono::seconds(10)))
                    .ok());
    context_ = std::make_unique<PushContext>(config_, "CG", std::make_shared<SubscriptionTable>(),
                                             instance.value());
    context_->offsets =
        std::make_shared<RemoteOffsetStore>(*context_->instance, context_->calls, "CG");
    context_->on_progress = [](const auto&) {};
    context_->on_released = [this](const auto&) { ++released_; };
  }

  ~ConcurrentServiceTest() override {
    context_->timers.stop();
    service_->stop(std::chrono::steady_clock::time_point::max());
    context_->guard.close();
    service_.reset();
    ClientInstance::release(context_->instance);
  }

  /// A queue with `count` messages under way to `listener`.
  std::shared_ptr<ProcessQueue> consume(int count, MessageListenerConcurrently listener) {
    makeContext();
    service_ = std::make_unique<ConcurrentService>(*context_, std::move(listener));
    auto queue = service_->makeQueue(kQueue);
    std::vector<MessageExt> messages;
    for (int i = 0; i < count; ++i) {
      messages.push_back(
          makeMessage({.body = std::to_string(i), .queue_offset = i, .physical_offset = 1000 + i},
                      kQueue.broker_name));
    }
    service_->consume(queue, std::move(messages));
    return queue;
  }

  int64_t committed() const { return context_->offsets->cached(kQueue).value_or(0); }

  FakeCluster cluster_;
  PushConsumerConfig config_;
  std::unique_ptr<PushContext> context_;
  std::unique_ptr<ConcurrentService> service_;
  std::atomic<int> released_{0};
};

// Promise: a listener that never returns holds back neither the group's offset nor, for longer than
// consume_timeout, its message: that goes back to the broker, once.
TEST_F(ConcurrentServiceTest, WhatAStuckListenerHoldsGoesBackAndTheOffsetGoesOn) {
  config_.consume_timeout = minutes(0);
  std::promise<void> go_on;
  const std::shared_future<void> gate = go_on.get_future().share();
  std::promise<void> called;
  const auto queue = consume(3, [&](const std::vector<MessageExt>& messages, auto&) {
    if (messages[0].body() == "0") {
      called.set_value();
      gate.wait();
      return ConsumeConcurrentlyStatus::kReconsumeLater;
    }
    return ConsumeConcurrentlyStatus::kConsumeSuccess;
  });
  ASSERT_TRUE(eventually([&] { return queue->cached().messages == 1; }));
  EXPECT_EQ(committed(), 0);
  called.get_future().wait();
  const int64_t called_ms = context_->uptimeMs();
  ASSERT_TRUE(eventually([&] { return context_->uptimeMs() > called_ms; }));
  service_->checkTimeouts({queue});  // As the consumer's timer does.
  ASSERT_TRUE(eventually([&] { return !cluster_.broker().sendBacks().empty(); }));
  EXPECT_TRUE(eventually([&] { return committed() == 3; }));
  const auto back = cluster_.broker().sendBacks().at(0);
  EXPECT_EQ(back.offset, 1000);
  EXPECT_EQ(back.delay_level, 3);
  go_on.set_value();
  ASSERT_TRUE(eventually([&] { return queue->in_listener == 0; }));
  EXPECT_EQ(cluster_.broker().sendBacks().size(), 1u) << "it went back before";
  queue->drop(ProcessQueue::DropReason::kGivenUp);
  EXPECT_TRUE(service_->release(queue)) << "nobody is on it any more";
}

TEST_F(ConcurrentServiceTest, AListenerWithinItsTimeIsLeftAlone) {
  std::promise<void> go_on;
  const std::shared_future<void> gate = go_on.get_future().share();
  config_.consume_timeout = minutes(15);
  const auto queue = consume(1, [gate](const auto&, auto&) {
    gate.wait();
    return ConsumeConcurrentlyStatus::kConsumeSuccess;
  });
  service_->checkTimeouts({queue});
  go_on.set_value();
  ASSERT_TRUE(eventually([&] { return committed() == 1; }));
  EXPECT_TRUE(cluster_.broker().sendBacks().empty());
}

// Promise: a queue is given away when its last listener has returned, not before, and by whoever
// leaves last.
TEST_F(ConcurrentServiceTest, ADroppedQueueIsReleasedByTheLastListenerThatLeavesIt) {
  std::promise<void> go_on;
  const std::shared_future<void> gate = go_on.get_future().share();
  std::atomic<int> inside{0};
  const auto queue = consume(3, [&](const auto&, auto&) {
    ++inside;
    gate.wait();
    return ConsumeConcurrentlyStatus::kConsumeSuccess;
  });
  ASSERT_TRUE(eventually([&] { return inside == 3; }));
  queue->drop(ProcessQueue::DropReason::kGivenUp);
  EXPECT_FALSE(service_->release(queue));
  EXPECT_EQ(released_, 0);
  go_on.set_value();
  ASSERT_TRUE(eventually([&] { return released_ == 1; }));
  EXPECT_TRUE(queue->released());
}

TEST_F(ConcurrentServiceTest, WhatWaitsInADroppedQueueIsNotBegun) {
  std::promise<void> go_on;
  const std::shared_future<void> gate = go_on.get_future().share();
  std::atomic<int> begun{0};
  const auto queue = consume(10, [&](const auto&, auto&) {
    ++begun;
    gate.wait();
    return ConsumeConcurrentlyStatus::kConsumeSuccess;
  });
  ASSERT_TRUE(eventually([&] { return begun == 3; }));
  queue->drop(ProcessQueue::DropReason::kGivenUp);
  EXPECT_FALSE(service_->release(queue));
  go_on.set_value();
  ASSERT_TRUE(eventually([&] { return released_ == 1; }));
  EXPECT_EQ(begun, 3);
  EXPECT_EQ(committed(), 3) << "what was begun is finished, without a gap";
}

}  // namespace
}  // namespace rocketmq::client

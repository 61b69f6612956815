#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "client/consumer/concurrent_service.h"
#include "client/consumer/push_rebalance.h"
#include "tests/unit/client/push_consumer_fixture.h"

namespace rocketmq::client {

/// A rebalance whose runs the test makes.
class PushRebalanceTest : public PushConsumerTest {
 protected:
  PushRebalanceTest() {
    context_.on_released = [](const auto&) {};
    context_.on_start_anew = [this](const auto& queue) { lost_.add(queue); };
    context_.on_stray_lock = [this](const MessageQueue& queue) {
      rebalance_.giveBackStrayLock(queue);
    };
  }
  ~PushRebalanceTest() override {
    context_.timers.stop();
    context_.guard.close();
    ClientInstance::release(context_.instance);
  }

  PushContext context_{config(), "CG", std::make_shared<SubscriptionTable>(),
                       ClientInstance::acquire(config(), "test@1").value()};
  ConcurrentService service_{
      context_, [](const auto&, auto&) { return ConsumeConcurrentlyStatus::kConsumeSuccess; }};
  QueueTable queues_;
  QueueTable lost_;  ///< Queues whose locks were lost.
  PullLoop pulls_{context_, service_, false};
  PushRebalance rebalance_{context_, service_, queues_, pulls_, false};
};

}  // namespace rocketmq::client

// What an administrator's reset, or the broker, says of a group's place holds from the moment at
// which a member hears of it, whatever the member's listeners still finish.

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "common/json/encode.h"
#include "remoting/protocol/bodies/offsets.h"
#include "tests/unit/client/push_consumer_fixture.h"
#include "tests/unit/client/turnstile.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;

/// A queue of four messages, of which the listener has consumed three and holds the last.
class ResetTest : public PushConsumerTest {
 protected:
  ResetTest() {
    for (const char* body : {"a", "b", "c", "d"}) {
      broker().append("T", 0, body);
    }
  }
  ~ResetTest() override { endListener(); }

  PushConsumerConfig oneThread() const {
    PushConsumerConfig one = config();
    one.consume_thread_max = 1;
    one.await_termination_on_shutdown = milliseconds(1);
    return one;
  }

  void start() {
    subject_ = consumer(oneThread(), [this](const auto& messages, auto&) {
      pass(messages);
      return ConsumeConcurrentlyStatus::kConsumeSuccess;
    });
    subject_->start();
    turnstile_.awaitEntry();
  }

  void startOrderly() {
    subject_ = orderly(oneThread(), [this](const auto& messages) {
      pass(messages);
      return ConsumeOrderlyStatus::kSuccess;
    });
    subject_->start();
    turnstile_.awaitEntry();
  }

  /// As a broker of RocketMQ 4 does it. Returns when the member has heard.
  void resetTo(int64_t offset) {
    remoting::ResetConsumerClientOffset request;
    request.topic = "T";
    request.group = "CG";
    remoting::ResetOffsetBody body;
    body.offset_table[{"T", "b0", 0}] = offset;
    broker().tellClients(request, json::encode(body));
    EXPECT_TRUE(runningInfo().ok());
  }

  void endListener() {
    if (!std::exchange(is_open_, true)) {
      turnstile_.open();
    }
  }

  Turnstile turnstile_;
  std::unique_ptr<DefaultMQPushConsumer> subject_;

 private:
  void pass(const std::vector<MessageExt>& messages) {
    if (messages.front().body() == "d") {
      turnstile_.pass();
    }
  }

  bool is_open_ = false;
};

// Promise: the place is stored also when the consumer stops, or dies, before its listener has
// ended.
TEST_F(ResetTest, AResetOutlivesAShutdownBeforeTheListenerHasEnded) {
  start();
  resetTo(0);
  EXPECT_TRUE(eventually([this] { return broker().committed("CG", "T") == 0; })) << "at once";
  subject_->shutdown();
  EXPECT_EQ(broker().committed("CG", "T"), 0);
  endListener();
  subject_.reset();
  EXPECT_EQ(broker().committed("CG", "T"), 0);
}

TEST_F(ResetTest, AnOrderlyMemberKeepsItToo) {
  startOrderly();
  resetTo(0);
  subject_->shutdown();
  endListener();
  EXPECT_TRUE(eventually([this] { return broker().locked().empty(); }));
  EXPECT_EQ(broker().committed("CG", "T"), 0);
}

TEST_F(ResetTest, AMoveByTheBrokerOutlivesAShutdownBeforeTheListenerHasEnded) {
  start();
  const int64_t told = broker().offsetUpdates();  // One of 0, where the group began.
  broker().moveOffset("T", 0, 0);
  EXPECT_TRUE(eventually([&] { return broker().offsetUpdates() > told; })) << "at once";
  subject_->shutdown();
  EXPECT_EQ(broker().committed("CG", "T"), 0);
}

// Promise: of two resets the later one holds.
TEST_F(ResetTest, ASecondResetWhileTheListenerIsBusyWins) {
  start();
  resetTo(2);
  resetTo(0);
  endListener();
  ASSERT_TRUE(eventually([this] { return received_.hasCount(8); }));
  EXPECT_EQ(lastBodies(4), (std::vector<std::string>{"a", "b", "c", "d"}));
}

// Promise: what the broker has not taken at once it is told again before the queue goes on.
TEST_F(ResetTest, APlaceThatWasRefusedIsToldAgainWhenTheListenerHasEnded) {
  start();
  broker().refuseOffsets(true);
  const int64_t told = broker().offsetUpdates();
  resetTo(1);
  ASSERT_TRUE(eventually([&] { return broker().offsetUpdates() > told; }));
  broker().refuseOffsets(false);
  endListener();
  ASSERT_TRUE(eventually([this] { return received_.hasCount(7); }));
  EXPECT_EQ(lastBodies(3), (std::vector<std::string>{"b", "c", "d"}));
}

// Promise: a queue that is on its way to another member takes the reset along.
TEST_F(ResetTest, AQueueThatLeavesIsResetToo) {
  start();
  subject_->unsubscribe("T");
  ASSERT_TRUE(eventually([this] { return !owns({"T", "b0", 0}); }));
  resetTo(0);
  endListener();
  ASSERT_TRUE(eventually([this] { return !broker().locked().contains({"T", "b0", 0}); }));
  EXPECT_EQ(broker().committed("CG", "T"), 0);
}

}  // namespace
}  // namespace rocketmq::client

// Push consumers that consume each queue in order.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/client/push_consumer_fixture.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;

TEST_F(PushConsumerTest, OrderlyMessagesComeInOrderUnderTheBrokersLock) {
  for (int i = 0; i < 50; ++i) {
    broker().append("T", 0, std::to_string(i));
  }
  auto subject = orderly(config());
  subject->start();
  ASSERT_TRUE(eventually([this] { return received_.hasCount(50); }));
  EXPECT_TRUE(broker().locked().contains({"T", "b0", 0}));
  const auto all = received_.all();
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i].queueOffset(), static_cast<int64_t>(i));
  }
  subject->shutdown();
  EXPECT_EQ(broker().committed("CG", "T"), 50);
  EXPECT_TRUE(eventually([this] { return broker().locked().empty(); }));
}

TEST_F(PushConsumerTest, OrderlyConsumptionWaitsForTheLock) {
  broker().refuseLocks(true);
  broker().append("T", 0, "a");
  auto subject = orderly(config());
  subject->start();
  ASSERT_TRUE(eventually([this] { return broker().lockRequests() >= 2; }));
  EXPECT_FALSE(received_.hasCount(1));
  broker().refuseLocks(false);
  EXPECT_TRUE(eventually([this] { return received_.hasCount(1); }));
}

TEST_F(PushConsumerTest, AnOrderlyQueueStandsStillUntilItsMessageIsConsumed) {
  for (const char* body : {"a", "b"}) {
    broker().append("T", 0, body);
  }
  PushConsumerConfig quick = config();
  quick.suspend_current_queue_time = milliseconds(10);
  auto subject = orderly(quick, [](const auto& messages) {
    return messages[0].body() == "a" && messages[0].reconsumeTimes() < 3
               ? ConsumeOrderlyStatus::kSuspendCurrentQueueAMoment
               : ConsumeOrderlyStatus::kSuccess;
  });
  subject->start();
  ASSERT_TRUE(eventually([this] { return received_.hasCount(5); }));
  EXPECT_EQ(received_.bodies(), (std::vector<std::string>{"a", "a", "a", "a", "b"}));
}

TEST_F(PushConsumerTest, AnOrderlyMessageOutOfTriesGoesToTheRetryTopicAndTheQueueGoesOn) {
  for (const char* body : {"a", "b"}) {
    broker().append("T", 0, body);
  }
  PushConsumerConfig quick = config();
  quick.suspend_current_queue_time = milliseconds(10);
  quick.max_reconsume_times = 2;
  auto subject = orderly(quick, [](const auto& messages) {
    return messages[0].body() == "a" && messages[0].topic() == "T" &&
                   messages[0].property("RETRY_TOPIC").empty()
               ? ConsumeOrderlyStatus::kSuspendCurrentQueueAMoment
               : ConsumeOrderlyStatus::kSuccess;
  });
  subject->start();
  ASSERT_TRUE(eventually([this] { return broker().sends() == 1; }));
  EXPECT_EQ(broker().sent()[0].topic, "%RETRY%CG");
  EXPECT_EQ(broker().sent()[0].max_reconsume_times, 2);
  ASSERT_TRUE(eventually([this] {
    const auto bodies = received_.bodies();
    return std::count(bodies.begin(), bodies.end(), "b") == 1;
  }));
}

}  // namespace
}  // namespace rocketmq::client

// The broker's statistics, second by second on a clock of the test's own.

#include "broker/stats/broker_stats.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace rocketmq::broker {
namespace {

constexpr TimestampMs kStart = 1'700'000'000'000;

class BrokerStatsTest : public ::testing::Test {
 protected:
  void put(std::string_view topic, int32_t messages, int64_t bytes, int32_t queue = 0,
           int64_t duration_us = 0, MessageType type = MessageType::kNormal) {
    stats_.onPut({.topic = topic,
                  .queue_id = queue,
                  .type = type,
                  .messages = messages,
                  .bytes = bytes,
                  .duration_us = duration_us});
  }
  void get(std::string_view topic, std::string_view group, int32_t messages) {
    stats_.onGet({.group = group,
                  .topic = topic,
                  .queue_id = 3,
                  .messages = messages,
                  .bytes = messages * 10,
                  .next_offset = 77,
                  .duration_us = 2000});
  }
  void passSeconds(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      stats_.sample(now_);
      now_ += 1000;
    }
  }
  StatsView view(std::string_view name, std::string_view key) const {
    const auto view = stats_.view(name, key);
    EXPECT_TRUE(view) << name << " " << key;
    return view.value_or(StatsView{});
  }

  BrokerStats stats_{"C", kStart};
  TimestampMs now_ = kStart;
};

TEST_F(BrokerStatsTest, TheFirstSampleAlreadyTellsWhatWasCountedBeforeIt) {
  put("T", 20, 400);
  put("T", 10, 200);
  passSeconds(1);
  const StatsView nums = view("TOPIC_PUT_NUMS", "T");
  EXPECT_EQ(nums.minute.sum, 30);
  EXPECT_DOUBLE_EQ(nums.minute.tps, 3);
  EXPECT_DOUBLE_EQ(nums.minute.avgpt, 15);
  EXPECT_EQ(nums.hour.sum, 30);
  EXPECT_EQ(nums.day.sum, 30);
  EXPECT_EQ(view("TOPIC_PUT_SIZE", "T").minute.sum, 600);
}

TEST_F(BrokerStatsTest, AMinuteIsWhatTheLastSixtySecondsBrought) {
  for (int second = 0; second < 121; ++second) {
    put("T", 5, 50);
    passSeconds(1);
  }
  EXPECT_EQ(view("TOPIC_PUT_NUMS", "T").minute.sum, 300);
  EXPECT_DOUBLE_EQ(view("TOPIC_PUT_NUMS", "T").minute.tps, 5);
  passSeconds(30);
  EXPECT_EQ(view("TOPIC_PUT_NUMS", "T").minute.sum, 150);
  EXPECT_DOUBLE_EQ(view("TOPIC_PUT_NUMS", "T").minute.tps, 2.5);
  passSeconds(60);
  EXPECT_EQ(view("TOPIC_PUT_NUMS", "T").minute, StatsSnapshot{});
  EXPECT_EQ(view("TOPIC_PUT_NUMS", "T").day.sum, 5) << "the sample of the start";
}

TEST_F(BrokerStatsTest, ARateAfterARestIsOverTheWholeWindow) {
  put("T", 1, 1);
  passSeconds(300);
  put("T", 60, 60);
  passSeconds(1);
  EXPECT_EQ(view("TOPIC_PUT_NUMS", "T").minute.sum, 60);
  EXPECT_DOUBLE_EQ(view("TOPIC_PUT_NUMS", "T").minute.tps, 1);
}

TEST_F(BrokerStatsTest, EveryNameHasItsKey) {
  put("T", 1, 100, 7, 5000);
  get("T", "G", 4);
  stats_.onSendBack("G", "T");
  stats_.onDeadLetter("G", "T");
  passSeconds(1);
  EXPECT_EQ(view("GROUP_GET_NUMS", "T@G").minute.sum, 4);
  EXPECT_EQ(view("GROUP_GET_SIZE", "T@G").minute.sum, 40);
  EXPECT_EQ(view("SNDBCK_PUT_NUMS", "T@G").minute.sum, 1);
  EXPECT_EQ(view("DLQ_PUT_NUMS", "T@G").minute.sum, 1);
  EXPECT_EQ(view("TOPIC_PUT_LATENCY", "7@T").minute.sum, 5);
  EXPECT_DOUBLE_EQ(view("GROUP_GET_LATENCY", "3@T@G").minute.avgpt, 2);
  EXPECT_EQ(view("BROKER_PUT_NUMS", "C").minute.sum, 1);
  EXPECT_EQ(view("BROKER_GET_NUMS", "C").minute.sum, 4);
  EXPECT_EQ(view("BROKER_GET_NUMS", "C").minute.avgpt, 0);
  EXPECT_FALSE(stats_.view("TOPIC_PUT_NUMS", "Other"));
  EXPECT_FALSE(stats_.view("BROKER_PUT_NUMS", "Other"));
  EXPECT_FALSE(stats_.view("NO_SUCH_NAME", "T"));
  EXPECT_EQ(stats_.readOffset("G", "T", 3), 77);
  EXPECT_EQ(stats_.readOffset("G", "T", 4), std::nullopt);
}

TEST_F(BrokerStatsTest, TopicsAreCountedByTypeAndSize) {
  put("T", 1, 1024, 0, 0, MessageType::kFifo);
  put("T", 2, 2 * 2000, 0, 0, MessageType::kDelay);
  put("T", 1, 5 << 20);
  const auto traffic = stats_.topics().find("T");
  ASSERT_NE(traffic, nullptr);
  EXPECT_EQ(traffic->messages(MessageType::kFifo), 1);
  EXPECT_EQ(traffic->messages(MessageType::kDelay), 2);
  EXPECT_EQ(traffic->messages(), 4);
  EXPECT_EQ(traffic->sizes(), (std::array<int64_t, 7>{1, 2, 0, 0, 0, 0, 1}));
}

TEST_F(BrokerStatsTest, WhatIsDeletedBeginsAnew) {
  put("T", 3, 3);
  get("T", "G", 1);
  get("T", "H", 1);
  stats_.forgetGroup("G");
  EXPECT_FALSE(stats_.view("GROUP_GET_NUMS", "T@G"));
  EXPECT_FALSE(stats_.view("GROUP_GET_LATENCY", "3@T@G"));
  EXPECT_TRUE(stats_.view("GROUP_GET_NUMS", "T@H"));
  stats_.forgetTopic("T");
  EXPECT_FALSE(stats_.view("TOPIC_PUT_NUMS", "T"));
  EXPECT_FALSE(stats_.view("GROUP_GET_NUMS", "T@H"));
  EXPECT_FALSE(stats_.view("TOPIC_PUT_LATENCY", "0@T"));
  put("T", 1, 1);
  EXPECT_EQ(stats_.topics().find("T")->messages(), 1);
  EXPECT_EQ(stats_.putTotals().now, 4);
}

TEST_F(BrokerStatsTest, WhatIsIdleIsForgottenOnDemand) {
  put("Old", 1, 1);
  passSeconds(100);
  put("New", 1, 1);
  passSeconds(11);
  stats_.forgetIdle(now_ - 60'000);
  EXPECT_FALSE(stats_.view("TOPIC_PUT_NUMS", "Old"));
  EXPECT_TRUE(stats_.view("TOPIC_PUT_NUMS", "New"));
}

TEST_F(BrokerStatsTest, KeysAreBoundedAndTheBrokersTotalIsNot) {
  const auto keys = static_cast<int>(StatsTable<TopicTraffic>::kKeysMax);
  for (int i = 0; i < keys + 10; ++i) {
    put("topic-" + std::to_string(i), 1, 1);
  }
  EXPECT_EQ(stats_.topics().size(), StatsTable<TopicTraffic>::kKeysMax);
  EXPECT_FALSE(stats_.view("TOPIC_PUT_NUMS", "topic-" + std::to_string(keys + 5)));
  EXPECT_EQ(stats_.putTotals().now, keys + 10);
}

TEST_F(BrokerStatsTest, NothingIsLostBetweenThreads) {
  constexpr int kThreads = 4;
  constexpr int kPuts = 20'000;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kPuts; ++i) {
        put(i % 2 == 0 ? "Shared" : "Own-" + std::to_string(thread), 1, 10);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(stats_.topics().find("Shared")->messages(), kThreads * kPuts / 2);
  EXPECT_EQ(stats_.topics().find("Own-1")->bytes(), kPuts / 2 * 10);
  EXPECT_EQ(stats_.putTotals().now, kThreads * kPuts);
}

}  // namespace
}  // namespace rocketmq::broker

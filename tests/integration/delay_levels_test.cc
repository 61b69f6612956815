// Promise: a message with a delay level comes once, in the order of its level and never before its
// time, also when its broker was stopped or killed meanwhile; nonsense in place of a level, or in
// the file that keeps the progress, delays nothing for ever.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <set>
#include <string>

#include "tests/support/timer_cluster.h"

namespace rocketmq::test {
namespace {

constexpr int64_t kLevelMs = 1000;

class DelayLevelsTest : public TimerCluster {
 protected:
  DelayLevelsTest() : TimerCluster({{"messageDelayLevel", "1s 2s 3s"}}) {}

  /// "<level> <number>", each until it is acknowledged.
  void sendDelayed(int level, int from, int to) {
    for (int i = from; i < to; ++i) {
      Message message("Alarms", std::to_string(level) + " " + std::to_string(i));
      message.setDelayTimeLevel(level);
      ASSERT_TRUE(eventually([&] {
        try {
          producer_->send(message);
          return true;
        } catch (const MQException&) {
          return false;
        }
      }));
    }
  }
  std::set<std::string> arrived() {
    const Bodies all = bodies();
    return {all.begin(), all.end()};
  }
  bool awaitDifferent(size_t count) {
    return eventually(
        [&] {
          try {
            return arrived().size() >= count;
          } catch (const MQException&) {
            return false;  // The reader has yet to notice that the broker is back.
          }
        },
        std::chrono::seconds(30));
  }
  std::string progressFile() const { return cluster_.folder() + "/store/config/delayOffset.json"; }
};

TEST_F(DelayLevelsTest, EachLevelComesInItsOrderAndNotBeforeItsTime) {
  for (int i = 0; i < 10; ++i) {
    sendDelayed(2, i, i + 1);
    sendDelayed(1, i, i + 1);
  }
  ASSERT_TRUE(reader_->awaitCount(20));
  std::map<int, int> next;
  for (const MessageExt& message : reader_->messages()) {
    const int level = message.body().front() - '0';
    EXPECT_EQ(message.body().substr(2), std::to_string(next[level]++));
    EXPECT_GE(message.storeTimestamp() - message.bornTimestamp(), level * kLevelMs - 1)
        << message.body();
  }
}

TEST_F(DelayLevelsTest, LevelsBeyondTheTableMeanItsLastAndNonsenseMeansNone) {
  for (const std::string level : {"-3", "0", "three", "", "2.5"}) {
    Message message("Alarms", "level " + level);
    message.putProperty("DELAY", level);
    producer_->send(message);
  }
  // Stored where they belong when the broker answers.
  EXPECT_EQ(reader_->count(), 5);
  sendDelayed(1'000'000, 0, 1);
  ASSERT_TRUE(reader_->awaitCount(6));
  const MessageExt last = reader_->at(5);
  EXPECT_GE(last.storeTimestamp() - last.bornTimestamp(), 3 * kLevelMs - 1);
}

TEST_F(DelayLevelsTest, NothingThatWaitsIsLostByARestartOrAKill) {
  sendDelayed(2, 0, 50);
  cluster_.stopBroker();
  cluster_.startBroker();
  sendDelayed(2, 50, 100);
  cluster_.killBroker();
  cluster_.startBroker();
  sendDelayed(1, 100, 110);
  EXPECT_TRUE(awaitDifferent(110)) << arrived().size();
  // What a stopped broker had delivered it does not deliver again.
  sendDelayed(1, 110, 111);
  EXPECT_TRUE(awaitDifferent(111));
  cluster_.stopBroker();
  cluster_.startBroker();
  sendDelayed(1, 111, 112);
  EXPECT_TRUE(awaitDifferent(112));
  const Bodies all = bodies();
  EXPECT_EQ(std::count(all.begin(), all.end(), "1 110"), 1);
}

TEST_F(DelayLevelsTest, AnAbsurdOrTornProgressFileHoldsNothingBack) {
  sendDelayed(1, 0, 3);
  ASSERT_TRUE(reader_->awaitCount(3));
  cluster_.stopBroker();
  // Levels that there are not, offsets that there are not, and the first half of that.
  const std::string absurd =
      R"({"offsetTable":{-5:7,0:1,1:-9223372036854775808,2:9223372036854775807,400:3}})";
  std::ofstream(progressFile()) << absurd;
  cluster_.startBroker();
  sendDelayed(1, 3, 4);
  sendDelayed(2, 4, 5);
  EXPECT_TRUE(awaitDifferent(5)) << arrived().size();
  cluster_.stopBroker();
  std::ofstream(progressFile()) << absurd.substr(0, absurd.size() / 2);
  cluster_.startBroker();
  sendDelayed(1, 5, 6);
  EXPECT_TRUE(awaitDifferent(6)) << arrived().size();
}

}  // namespace
}  // namespace rocketmq::test

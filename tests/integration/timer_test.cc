// Promise: a timer message reaches consumers once, never before its time and soon after it, also
// when its broker was down meanwhile; what asks for no possible time is refused with a reason.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "tests/support/raw_client.h"
#include "tests/support/slave.h"
#include "tests/support/temp_dir.h"
#include "tests/support/timer_cluster.h"

namespace rocketmq::test {
namespace {

constexpr int32_t kSystemError = 1;
constexpr int32_t kMessageIllegal = 13;
constexpr int64_t kPrecisionMs = 100;
/// For a busy machine; the bench tells how late timers are.
constexpr int64_t kMarginMs = 3000;

class TimerTest : public TimerCluster {
 protected:
  explicit TimerTest(Cluster::Settings more = {}) : TimerCluster(withPrecision(std::move(more))) {}

  /// Why a message is refused.
  std::optional<MQException> refusal(const std::function<void(Message&)>& ask) {
    Message message("Alarms", "refused");
    ask(message);
    try {
      producer_->send(message);
      return std::nullopt;
    } catch (const MQBrokerException& refused) {
      return refused;
    }
  }
  void expectRefusal(const std::function<void(Message&)>& ask, int32_t code,
                     const std::string& reason) {
    const auto refused = refusal(ask);
    ASSERT_TRUE(refused) << reason;
    EXPECT_EQ(refused->code(), code) << refused->what();
    EXPECT_NE(std::string(refused->what()).find(reason), std::string::npos) << refused->what();
  }

 private:
  static Cluster::Settings withPrecision(Cluster::Settings settings) {
    settings["timerPrecisionMs"] = std::to_string(kPrecisionMs);
    return settings;
  }
};

/// Of the message itself; a delay counts from when it was born.
int64_t dueOf(const MessageExt& message) {
  const std::string sec = message.property("TIMER_DELAY_SEC");
  const std::string ms = message.property("TIMER_DELAY_MS");
  return !sec.empty()  ? message.bornTimestamp() + std::stoll(sec) * 1000
         : !ms.empty() ? message.bornTimestamp() + std::stoll(ms)
                       : std::stoll(message.property("TIMER_DELIVER_MS"));
}

TEST_F(TimerTest, EachWayToAskForATimeDeliversThenAndNotBefore) {
  Message seconds("Alarms", "seconds");
  seconds.setDelayTimeSec(2);
  producer_->send(seconds);
  Message milliseconds("Alarms", "milliseconds");
  milliseconds.setDelayTimeMs(1230);
  producer_->send(milliseconds);
  sendAt(nowMs() + 710, "time");

  ASSERT_TRUE(reader_->awaitCount(3));
  const auto messages = reader_->messages();
  EXPECT_THAT(bodies(), ::testing::UnorderedElementsAre("time", "milliseconds", "seconds"));
  for (const MessageExt& message : messages) {
    const int64_t late_ms = message.storeTimestamp() - dueOf(message);
    EXPECT_GE(late_ms, 0) << message.body();
    EXPECT_LE(late_ms, kPrecisionMs + kMarginMs) << message.body();
  }
}

TEST_F(TimerTest, ATimeThatHasPassedIsNow) {
  sendAt(nowMs() - 60'000, "a minute ago");
  Message negative("Alarms", "negative");
  negative.setDelayTimeMs(-5000);
  producer_->send(negative);
  Message zero("Alarms", "zero");
  zero.setDelayTimeSec(0);
  producer_->send(zero);
  // Stored where they belong when the broker answers.
  EXPECT_EQ(bodies(), (Bodies{"a minute ago", "negative", "zero"}));
}

TEST_F(TimerTest, ImpossibleTimesAreRefusedAndNothingIsStored) {
  const int64_t too_far_sec = 3 * 24 * 3600 + 10;
  expectRefusal([&](Message& message) { message.setDelayTimeSec(too_far_sec); }, kMessageIllegal,
                "timerMaxDelaySec");
  expectRefusal([&](Message& message) { message.setDeliverTimeMs(nowMs() + too_far_sec * 1000); },
                kMessageIllegal, "timerMaxDelaySec");
  for (const std::string text : {"soon", "1e3", "5 ", "99999999999999999999"}) {
    expectRefusal([&](Message& message) { message.putProperty("TIMER_DELAY_MS", text); },
                  kMessageIllegal, "TIMER_DELAY_MS");
  }
  EXPECT_EQ(reader_->count(), 0);
}

TEST_F(TimerTest, WhatWasPendingAtARestartComesOnceAndWhatFellDueMeanwhileAtOnce) {
  const int64_t begin_ms = nowMs();
  const int64_t early_ms = begin_ms + 1500;
  const int64_t late_ms = begin_ms + 4000;
  for (int i = 0; i < 50; ++i) {
    sendAt(early_ms, "early" + std::to_string(i));
    sendAt(late_ms, "late" + std::to_string(i));
  }
  cluster_.stopBroker();
  ASSERT_TRUE(eventually([&] { return nowMs() > early_ms + kPrecisionMs; }));
  cluster_.startBroker();
  ASSERT_TRUE(reader_->awaitCount(100));
  cluster_.stopBroker();
  cluster_.startBroker();
  // A message of now shows that the timers of before are all through.
  ASSERT_TRUE(eventually([&] {
    try {
      sendAt(nowMs() + 1, "last");
      return true;
    } catch (const MQException&) {
      return false;  // The connection of the broker's life before.
    }
  }));
  ASSERT_TRUE(reader_->awaitCount(101));

  const auto messages = reader_->messages();
  ASSERT_EQ(messages.size(), 101u);
  for (size_t i = 0; i < 100; ++i) {
    const std::string expected = (i < 50 ? "early" : "late") + std::to_string(i % 50);
    EXPECT_EQ(messages[i].body(), expected);
    EXPECT_GE(messages[i].storeTimestamp(), dueOf(messages[i])) << expected;
  }
}

TEST_F(TimerTest, OnlyTheMasterDelivers) {
  TempDir slave_folder;
  Slave slave(cluster_, slave_folder.path().string(),
              {{"timerPrecisionMs", std::to_string(kPrecisionMs)}});
  slave.start();
  sendAt(nowMs() + 800, "once");
  ASSERT_TRUE(reader_->awaitCount(1));
  // A message of its own would make the slave's log longer than its master's.
  EXPECT_TRUE(eventually([&] { return slave.hasCaughtUp(); }));
  EXPECT_FALSE(std::filesystem::exists(slave.storeFolder() + "/timerlog"));
  EXPECT_EQ(bodies(), (Bodies{"once"}));
}

/// "count" of the one topic of GET_TIMER_METRICS.
std::string waitingAt(uint16_t port) {
  constexpr int kGetTimerMetrics = 61;
  const std::string body = RawClient(port).call(kGetTimerMetrics, "").body;
  const size_t at = body.find(R"("Alarms":{"count":)");
  return at == std::string::npos ? "none in " + body : body.substr(at + 18, 1);
}

/// What a broker gives of the topic's queue, asked without a name server.
Bodies bodiesOf(uint16_t port) {
  constexpr int kPullMessage = 11;
  const RawClient::Frame answer = RawClient(port).call(
      kPullMessage,
      R"({"consumerGroup":"TOOLS_CONSUMER","topic":"Alarms","queueId":"0","queueOffset":"0",)"
      R"("maxMsgNums":"32","sysFlag":"4","commitOffset":"0","suspendTimeoutMillis":"0",)"
      R"("subscription":"*","subVersion":"0","expressionType":"TAG"})");
  Bodies bodies;
  for (const RawMessage& message : decodeMessages(answer.body)) {
    bodies.push_back(message.body);
  }
  return bodies;
}

/// lastReadTimeMs of GET_TIMER_CHECK_POINT.
int64_t readTimeAt(uint16_t port) {
  constexpr int kGetTimerCheckPoint = 60;
  const std::string body = RawClient(port).call(kGetTimerCheckPoint, "").body;
  EXPECT_GE(body.size(), 56u);
  return body.size() < 56 ? 0 : loadBigEndian<int64_t>(body.data());
}

// Promise: a slave that serves readers while its master is gone delivers no timer. Started as the
// master it delivers those that wait, and none again.
TEST_F(TimerTest, ASlaveCopiesItsMastersProgressAndGoesOnFromThereAsMaster) {
  constexpr auto kPatience = std::chrono::seconds(60);
  sendAt(nowMs() + 3'600'000, "in an hour");
  sendAt(nowMs() + 300, "0");
  ASSERT_TRUE(reader_->awaitCount(1));
  TempDir slave_folder;
  Slave slave(cluster_, slave_folder.path().string(),
              {{"timerPrecisionMs", std::to_string(kPrecisionMs)}});
  slave.start();
  EXPECT_TRUE(eventually([&] { return waitingAt(slave.port()) == "1"; }, kPatience));
  Bodies expected{"0"};
  int64_t due_ms = 0;
  do {  // Again when the machine was so busy that the master has delivered it.
    const int64_t before_ms = nowMs();
    ASSERT_TRUE(eventually([&] { return readTimeAt(slave.port()) > before_ms; }, kPatience));
    due_ms = nowMs() + 3000;
    expected.push_back(std::to_string(expected.size()));
    sendAt(due_ms, expected.back());
    ASSERT_TRUE(eventually([&] { return slave.hasCaughtUp(); }, kPatience));
  } while (nowMs() > due_ms - 1000);
  cluster_.killBroker();

  const Bodies without_last(expected.begin(), expected.end() - 1);
  ASSERT_TRUE(eventually([&] { return nowMs() > due_ms + 10 * kPrecisionMs; }, kPatience));
  EXPECT_EQ(bodiesOf(slave.port()), without_last);

  slave.stop();
  slave.set("brokerRole", "ASYNC_MASTER");
  slave.set("brokerId", "0");
  slave.start();
  EXPECT_TRUE(
      eventually([&] { return bodiesOf(slave.port()).size() >= expected.size(); }, kPatience));
  EXPECT_EQ(bodiesOf(slave.port()), expected);
}

class TimerWheelOffTest : public TimerTest {
 protected:
  TimerWheelOffTest() : TimerTest({{"timerWheelEnable", "false"}}) {}
};

TEST_F(TimerWheelOffTest, TimersAreRefusedAndOtherMessagesAreNot) {
  expectRefusal([](Message& message) { message.setDelayTimeSec(1); }, kSystemError,
                "timerWheelEnable");
  Message plain("Alarms", "plain");
  producer_->send(plain);
  EXPECT_EQ(bodies(), (Bodies{"plain"}));
}

}  // namespace
}  // namespace rocketmq::test

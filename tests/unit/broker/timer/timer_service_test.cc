#include "broker/timer/timer_service.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/atomic_file.h"
#include "tests/unit/broker/timer/timer_path.h"

namespace rocketmq::broker {
namespace {

using remoting::ResponseCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

using Bodies = std::vector<std::string>;

class TimerServiceTest : public TimerPath {
 protected:
  /// Messages whose step is over before they are read: they get no unit in the timer log.
  void sendLate(int count) {
    for (int i = 0; i < count; ++i) {
      sendAt(clock_.nowMs() + 1, std::to_string(i));
    }
    clock_.advance(seconds(2));
    configure([](BrokerSettings& settings) { settings.timer_stop_enqueue = true; });
    timers_->turn();
    configure([](BrokerSettings& settings) { settings.timer_stop_enqueue = false; });
  }
  /// Expects a turn to do nothing while no file of the log can be mapped that has not been.
  void expectToWaitWhileUnreadable() {
    const Bodies before = bodies();
    files_.refused = 0;
    files_.unmappable = "/commitlog/";
    EXPECT_EQ(timers_->turn(), clock_.nowMs() + TimerService::kRetryDelay.count());
    files_.unmappable = nullptr;
    EXPECT_GT(files_.refused, 0);
    EXPECT_EQ(bodies(), before);
  }
  ResponseCode codeOf(const std::string& property, const std::string& value) {
    return trySend({.properties = {{property, value}}}).answer.code;
  }
  std::string fileOf(const std::string& name) const { return dir_ / ("store/" + name); }
};

TEST_F(TimerServiceTest, AMessageComesAtItsTimeOrAtMostOneStepLaterNeverBefore) {
  const TimestampMs due_ms = clock_.nowMs() + 2500;
  sendAt(due_ms, "x", {{"TAGS", "A"}});
  run();
  clock_.advance(milliseconds(2499));
  run();
  EXPECT_TRUE(bodies().empty());
  clock_.advance(milliseconds(501));
  run();
  const auto messages = stored("T");
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].record.body, "x");
  EXPECT_EQ(messages[0].properties.at("TIMER_DELIVER_MS"), std::to_string(due_ms));
  EXPECT_EQ(messages[0].properties.at("TIMER_OUT_MS"), std::to_string(due_ms / 1000 * 1000));
  EXPECT_EQ(messages[0].properties.at("TIMER_DEQUEUE_MS"), std::to_string(clock_.nowMs()));
  EXPECT_EQ(messages[0].properties.at("REAL_TOPIC"), "T");
  EXPECT_EQ(messages[0].properties.at("TAGS"), "A");
}

// Promise: what cannot be read for now, as in a process without another descriptor, is not lost.
TEST_F(TimerServiceTest, AMessageThatCannotBeReadNowIsPutIntoItsSlotLater) {
  sendAt(clock_.nowMs() + 5000, "due");
  fillLogFiles();
  restart();
  expectToWaitWhileUnreadable();
  clock_.advance(seconds(7));
  run();
  EXPECT_EQ(bodies(), Bodies{"due"});
}

TEST_F(TimerServiceTest, AMessageThatCannotBeReadWhenItIsDueWaits) {
  sendAt(clock_.nowMs() + 5500, "due");
  run();
  fillLogFiles();
  restart();
  clock_.advance(seconds(7));
  expectToWaitWhileUnreadable();
  run();
  EXPECT_EQ(bodies(), Bodies{"due"});
}

TEST_F(TimerServiceTest, ARecallThatCannotBeReadNowIsNotForgotten) {
  const TimestampMs due_ms = clock_.nowMs() + 5500;
  sendAt(due_ms, "recalled", {{"UNIQ_KEY", "K1"}});
  run();
  fillLogFiles();
  sendAt(due_ms, "0", {{"TIMER_DEL_UNIQKEY", "T+K1"}});
  run();
  fillLogFiles();
  restart();
  clock_.advance(seconds(7));
  expectToWaitWhileUnreadable();
  run();
  EXPECT_TRUE(bodies().empty());
}

TEST_F(TimerServiceTest, ATimeOnTheGridBelongsToTheStepBefore) {
  const TimestampMs due_ms = clock_.nowMs() / 1000 * 1000 + 5000;
  sendAt(due_ms);
  EXPECT_EQ(stored("rmq_sys_wheel_timer")[0].properties.at("TIMER_OUT_MS"),
            std::to_string(due_ms - 1000));
  clock_.advance(milliseconds(due_ms - clock_.nowMs()));
  run();
  EXPECT_EQ(bodies(), Bodies{"b"});
}

TEST_F(TimerServiceTest, MessagesComeInTheOrderOfTheirTimesAndWithinAStepAsSent) {
  const TimestampMs now = clock_.nowMs();
  sendAt(now + 9500, "third");
  sendAt(now + 4100, "first");
  sendAt(now + 4200, "second");
  clock_.advance(seconds(20));
  run();
  EXPECT_EQ(bodies(), (Bodies{"first", "second", "third"}));
}

TEST_F(TimerServiceTest, HostileTimesAreRefusedAndPastOnesAreNow) {
  EXPECT_EQ(codeOf("TIMER_DELAY_SEC", "259200"), ResponseCode::kSuccess);
  EXPECT_EQ(codeOf("TIMER_DELAY_SEC", "259201"), ResponseCode::kMessageIllegal);
  EXPECT_EQ(codeOf("TIMER_DELAY_SEC", "9223372036854775807"), ResponseCode::kMessageIllegal);
  EXPECT_EQ(codeOf("TIMER_DELAY_SEC", "9223372036854775808"), ResponseCode::kMessageIllegal);
  EXPECT_EQ(codeOf("TIMER_DELAY_MS", "9223372036854775807"), ResponseCode::kMessageIllegal);
  EXPECT_EQ(codeOf("TIMER_DELIVER_MS", "9223372036854775807"), ResponseCode::kMessageIllegal);
  const TimestampMs ten_years_ms = clock_.nowMs() + 10 * 365 * int64_t{86'400'000};
  EXPECT_EQ(codeOf("TIMER_DELIVER_MS", std::to_string(ten_years_ms)),
            ResponseCode::kMessageIllegal);
  EXPECT_EQ(codeOf("TIMER_DELIVER_MS", "soon"), ResponseCode::kMessageIllegal);
  EXPECT_EQ(codeOf("TIMER_DELAY_MS", "1.5"), ResponseCode::kMessageIllegal);
  EXPECT_TRUE(bodies().empty());

  EXPECT_EQ(codeOf("TIMER_DELAY_SEC", "-9223372036854775808"), ResponseCode::kSuccess);
  EXPECT_EQ(codeOf("TIMER_DELAY_MS", "0"), ResponseCode::kSuccess);
  EXPECT_EQ(codeOf("TIMER_DELIVER_MS", "1"), ResponseCode::kSuccess);
  EXPECT_EQ(bodies().size(), 3u);
  EXPECT_EQ(trySend({.topic = "rmq_sys_wheel_timer"}).answer.code, ResponseCode::kNoPermission);
}

TEST_F(TimerServiceTest, ADelayLevelWinsAndTakesTheTimerAway) {
  send({.properties = {{"DELAY", "1"}, {"TIMER_DELAY_SEC", "9"}}});
  ASSERT_EQ(stored("SCHEDULE_TOPIC_XXXX").size(), 1u);
  EXPECT_FALSE(stored("SCHEDULE_TOPIC_XXXX")[0].properties.contains("TIMER_DELAY_SEC"));
}

TEST_F(TimerServiceTest, ARecalledMessageDoesNotComeOthersOfItsTimeDo) {
  const TimestampMs due_ms = clock_.nowMs() + 5500;
  sendAt(due_ms, "stays", {{"UNIQ_KEY", "K1"}});
  sendAt(due_ms, "goes", {{"UNIQ_KEY", "K2"}});
  run();
  sendAt(due_ms, "0", {{"TIMER_DEL_UNIQKEY", "T+K2"}});
  EXPECT_EQ(trySend({.properties = {{"TIMER_DEL_UNIQKEY", "T+K1"}, {"TIMER_DELIVER_MS", "1"}}})
                .answer.code,
            ResponseCode::kMessageIllegal);
  clock_.advance(seconds(7));
  run();
  EXPECT_EQ(bodies(), Bodies{"stays"});
}

TEST_F(TimerServiceTest, NothingIsLostOrDoubledByARestartWhileTimersWait) {
  const TimestampMs now = clock_.nowMs();
  for (int i = 0; i < 400; ++i) {
    sendAt(now + 5500, std::to_string(i));
  }
  sendAt(now + 60'000, "later");
  run();
  restart();
  EXPECT_EQ(timers_->numbers().pending, 401);
  clock_.advance(seconds(7));
  timers_->turn();  // Ends in the middle of the slot.
  EXPECT_EQ(bodies().size(), static_cast<size_t>(TimerService::kTurnMessages));
  restart();
  run();
  ASSERT_EQ(bodies().size(), 400u);
  for (size_t i = 0; i < 400; ++i) {
    EXPECT_EQ(bodies()[i], std::to_string(i));
  }
  clock_.advance(seconds(60));
  restart();
  run();
  EXPECT_EQ(bodies().back(), "later");
}

TEST_F(TimerServiceTest, ARestartRepeatsNothingThatWasDeliveredAsItWasRead) {
  sendLate(3);
  run();
  ASSERT_EQ(bodies().size(), 3u);
  restart();
  run();
  EXPECT_EQ(bodies().size(), 3u);
}

TEST_F(TimerServiceTest, OneTurnDeliversABoundedNumberAlsoOfLateMessages) {
  constexpr int kLate = TimerService::kTurnMessages + 50;
  sendLate(kLate);
  timers_->turn();
  EXPECT_EQ(bodies().size(), static_cast<size_t>(TimerService::kTurnMessages));
  restart();
  run();
  ASSERT_EQ(bodies().size(), static_cast<size_t>(kLate));
  EXPECT_EQ(bodies().back(), std::to_string(kLate - 1));
}

TEST_F(TimerServiceTest, WithoutTimerLogOrCheckpointTheQueueTellsEverything) {
  const TimestampMs now = clock_.nowMs();
  sendAt(now + 1500, "done");
  sendAt(now + 60'500, "waits");
  clock_.advance(seconds(20));
  run();
  ASSERT_EQ(bodies(), Bodies{"done"});
  timers_.reset();
  ASSERT_TRUE(posixFileSystem().removeTree(fileOf("timerlog")).isOk());
  restart();
  run();
  EXPECT_EQ(bodies(), Bodies{"done"});
  EXPECT_EQ(timers_->numbers().pending, 1);
  clock_.advance(seconds(60));
  run();
  EXPECT_EQ(bodies(), (Bodies{"done", "waits"}));
}

TEST_F(TimerServiceTest, WhatIsFurtherThanTheWindowGoesRound) {
  configure([](BrokerSettings& settings) { settings.timer_roll_window_slots = 10; });
  restart();
  const TimestampMs due_ms = clock_.nowMs() + 35'500;
  sendAt(due_ms);
  for (int i = 0; i < 35; ++i) {
    run();
    EXPECT_TRUE(bodies().empty());
    clock_.advance(seconds(1));
  }
  clock_.advance(seconds(1));
  run();
  ASSERT_EQ(bodies(), Bodies{"b"});
  EXPECT_GE(std::stoi(stored("T")[0].properties.at("TIMER_ROLL_TIMES")), 2);
}

TEST_F(TimerServiceTest, TimersAreCountedByTopicAlsoAfterARestart) {
  const auto counts = [this] { return timers_->topics().view().by_hash[javaHash("T")]; };
  sendAt(clock_.nowMs() + 2500);
  sendAt(clock_.nowMs() + 2500);
  sendAt(clock_.nowMs() + 60'000);
  run();
  EXPECT_EQ(counts().enqueued, 3);
  EXPECT_EQ(counts().waiting, 3);
  const model::DataVersion before = timers_->topics().view().version;
  clock_.advance(seconds(4));
  run();
  EXPECT_EQ(counts().waiting, 1);
  EXPECT_EQ(counts().dequeued, 2);
  EXPECT_NE(timers_->topics().view().version, before);
  restart();
  EXPECT_EQ(counts().waiting, 1);
  clock_.advance(seconds(60));
  run();
  EXPECT_EQ(counts().waiting, 0);
}

TEST_F(TimerServiceTest, AFullStepRefusesMore) {
  configure([](BrokerSettings& settings) { settings.timer_congest_slot_max = 1; });
  const std::string due = std::to_string(clock_.nowMs() + 5500);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(codeOf("TIMER_DELIVER_MS", due), ResponseCode::kSuccess);
  }
  run();
  EXPECT_EQ(codeOf("TIMER_DELIVER_MS", due), ResponseCode::kSystemError);
}

// Units that cannot be written wait in memory, which must not fill with them.
TEST_F(TimerServiceTest, NothingMoreIsTakenWhileTheTimerLogCannotBeWritten) {
  timer_files_.is_failing = true;
  const TimestampMs due_ms = clock_.nowMs() + 5500;
  for (int i = 0; i < 3; ++i) {
    sendAt(due_ms, std::to_string(i));
    EXPECT_GT(timers_->turn(), clock_.nowMs());
    EXPECT_EQ(timers_->numbers().pending, 1);
  }
  EXPECT_EQ(timers_->numbers().offset_behind, 2);
  timer_files_.is_failing = false;
  run();
  EXPECT_EQ(timers_->numbers().pending, 3);
  clock_.advance(seconds(7));
  run();
  EXPECT_EQ(bodies(), (Bodies{"0", "1", "2"}));
}

TEST(TimerCheckpoint, TheNewestCountsOnlyWithALogThatReachesFarEnough) {
  const TimerCheckpoint written{.newest = {.read_ms = 5001,
                                           .done_offset = 7,
                                           .queue_offset = 9,
                                           .log_end = 1000,
                                           .timer_log_end = 520},
                                .safe = {.read_ms = 4001,
                                         .done_offset = 3,
                                         .queue_offset = 8,
                                         .log_end = 0,
                                         .timer_log_end = 468}};
  const std::string bytes = written.encode(1000);
  const auto read = TimerCheckpoint::decode(bytes);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->usable(1000), written.newest);
  EXPECT_EQ(read->usable(999), written.safe);

  // Written by RocketMQ since: its part alone counts, on its grid.
  std::string other = bytes;
  other[7] = static_cast<char>(other[7] + 1);
  const auto java = TimerCheckpoint::decode(other);
  ASSERT_TRUE(java.ok());
  EXPECT_EQ(java->newest.read_ms, 5001);
  EXPECT_EQ(java->newest.done_offset, -1);
  for (size_t size = 0; size < 56; ++size) {
    EXPECT_FALSE(TimerCheckpoint::decode(std::string_view(bytes).substr(0, size)).ok());
  }
}

}  // namespace
}  // namespace rocketmq::broker

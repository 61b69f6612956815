#include "broker/schedule/delay_service.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <thread>

#include "common/atomic_file.h"
#include "tests/support/eventually.h"
#include "tests/unit/broker/message_path.h"

namespace rocketmq::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class DelayServiceTest : public MessagePath {
 protected:
  void sendDelayed(int32_t level, std::string body = "b") {
    send(
        {.body = std::move(body), .properties = {{"DELAY", std::to_string(level)}, {"TAGS", "A"}}});
  }
  void restart() {
    closeAll();
    openAll();
  }
};

TEST_F(DelayServiceTest, AMessageIsDeliveredWhenItsTimeHasComeNotBefore) {
  const TimestampMs sent_ms = clock_.nowMs();
  sendDelayed(2);
  EXPECT_EQ(delays_->deliverDue(), sent_ms + 5000);
  clock_.advance(milliseconds(4999));
  EXPECT_EQ(delays_->deliverDue(), sent_ms + 5000);
  EXPECT_TRUE(stored("T").empty());

  clock_.advance(milliseconds(1));
  delays_->deliverDue();
  const auto messages = stored("T");
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].record.body, "b");
  EXPECT_EQ(messages[0].record.store_timestamp_ms, sent_ms + 5000);
  // As RocketMQ delivers it: the marks of the delay stay visible.
  EXPECT_EQ(messages[0].properties.at("DELAY"), "2");
  EXPECT_EQ(messages[0].properties.at("REAL_TOPIC"), "T");
}

TEST_F(DelayServiceTest, MessagesOfLevelsThatThereAreNoMoreAreCounted) {
  sendDelayed(2);
  sendDelayed(5);
  sendDelayed(4);
  sendDelayed(4);
  EXPECT_TRUE(delays_->stranded().empty());
  const auto fewer = DelayLevels::parse("1s 5s");
  const auto service = DelayService::open(dir_ / "other.json", *fewer, *store_, clock_);
  ASSERT_TRUE(service.ok());
  EXPECT_EQ((std::map<int32_t, int64_t>{{4, 2}, {5, 1}}), (*service)->stranded());
}

TEST_F(DelayServiceTest, EachLevelGoesAtItsOwnPace) {
  sendDelayed(5, "minute");
  sendDelayed(1, "second");
  clock_.advance(seconds(1));
  delays_->deliverDue();
  ASSERT_EQ(stored("T").size(), 1u);
  EXPECT_EQ(stored("T")[0].record.body, "second");
  clock_.advance(seconds(59));
  delays_->deliverDue();
  EXPECT_EQ(stored("T").size(), 2u);
  EXPECT_EQ(delays_->deliverDue(), std::numeric_limits<TimestampMs>::max());
}

// Promise: what cannot be read for now, as in a process without another descriptor, is not lost.
TEST_F(DelayServiceTest, AMessageThatCannotBeReadNowWaits) {
  sendDelayed(1, "old");
  fillLogFiles();
  restart();
  clock_.advance(seconds(1));
  for (const char* const part : {"/consumequeue/SCHEDULE_TOPIC_XXXX/", "/commitlog/"}) {
    files_.unmappable = part;
    EXPECT_EQ(delays_->deliverDue(), clock_.nowMs() + DelayService::kRetryDelay.count());
    EXPECT_GT(files_.refused, 0);
    EXPECT_TRUE(delays_->offsets().empty());
    files_.unmappable = nullptr;
    files_.refused = 0;
  }
  delays_->deliverDue();
  ASSERT_EQ(stored("T").size(), 1u);
  EXPECT_EQ(stored("T")[0].record.body, "old");
}

// Promise: a power cut leaves no message that counts as delivered and is nowhere.
TEST_F(DelayServiceTest, ProgressIsWrittenOnceItsDeliveriesAreOnTheDisk) {
  for (int i = 0; i < 20; ++i) {
    sendDelayed(1);
    clock_.advance(seconds(1));
    delays_->deliverDue();
    const int64_t delivered = store_->commitLogMaxOffset();
    ASSERT_TRUE(delays_->persist().isOk());
    ASSERT_GE(store_->flushedOffset(), delivered);
  }
}

TEST_F(DelayServiceTest, ProgressSurvivesARestartInRocketMqsFile) {
  sendDelayed(1, "one");
  sendDelayed(1, "two");
  clock_.advance(seconds(1));
  delays_->deliverDue();
  EXPECT_EQ(delays_->offsets(), (std::map<int32_t, int64_t>{{1, 2}}));
  EXPECT_EQ(delays_->encode(), "{\"offsetTable\":{1:2}}");
  ASSERT_TRUE(delays_->persist().isOk());
  EXPECT_EQ(*readWholeFile(dir_ / "store/config/delayOffset.json"),
            "{\n\t\"offsetTable\":{1:2\n\t}\n}");
  sendDelayed(1, "three");
  clock_.advance(seconds(1));
  restart();
  delays_->deliverDue();
  const auto messages = stored("T");
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[2].record.body, "three");
}

// As after a power cut that took the end of the log but not the file.
TEST_F(DelayServiceTest, ProgressBeyondTheEndOfTheLogSkipsNothingThatIsStoredLater) {
  sendDelayed(1, "one");
  clock_.advance(seconds(1));
  delays_->deliverDue();
  ASSERT_TRUE(delays_->persist().isOk());
  ASSERT_TRUE(replaceFile(dir_ / "store/config/delayOffset.json",
                          R"({"offsetTable":{-2147483648:7,0:7,1:1000,2:-7,400:7}})")
                  .isOk());
  restart();
  sendDelayed(1, "two");
  sendDelayed(2, "three");
  clock_.advance(seconds(10));
  delays_->deliverDue();
  const auto messages = stored("T");
  ASSERT_EQ(messages.size(), 3u);
  EXPECT_EQ(messages[1].record.body, "two");
  EXPECT_EQ(messages[2].record.body, "three");
}

// A clock that was set back must not delay anybody for hours.
TEST_F(DelayServiceTest, NobodyWaitsLongerThanTheLevelSays) {
  clock_.advance(std::chrono::hours(10));
  sendDelayed(1);
  clock_.advance(-std::chrono::hours(10));
  delays_->deliverDue();
  EXPECT_EQ(stored("T").size(), 1u);
}

TEST_F(DelayServiceTest, MoreDueMessagesThanOneTurnAreAllDelivered) {
  for (int i = 0; i < 600; ++i) {
    sendDelayed(1);
  }
  clock_.advance(seconds(1));
  while (delays_->deliverDue() <= clock_.nowMs()) {
  }
  EXPECT_EQ(stored("T").size(), 600u);
}

// The thread sleeps for the first message and is woken by one that is due earlier. (It then finds
// the first one due as well, see NobodyWaitsLongerThanTheLevelSays.)
TEST_F(DelayServiceTest, TheThreadIsWokenByAnEarlierMessage) {
  delays_->start();
  sendDelayed(5);
  clock_.advance(-std::chrono::hours(10));
  sendDelayed(1);
  EXPECT_TRUE(test::eventually([&] { return store_->maxOffset("T", 0) == 1; }));
  delays_->stop();
}

}  // namespace
}  // namespace rocketmq::broker

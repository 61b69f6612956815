#include <gmock/gmock.h>

#include <filesystem>

#include "store/queue/queue_entry.h"
#include "tests/unit/mqstore/mqstore_fixture.h"

namespace rocketmq::store::test {
namespace {

using ::testing::HasSubstr;

const std::string kTopic = "SCHEDULE_TOPIC_XXXX";

/// Stores with delayed messages whose queues are made anew while nobody says what messageDelayLevel
/// is. Delivered by wrong levels they would come hours early.
class DeliveryTimesTest : public MqstoreTest {
 protected:
  /// Three messages in each of the levels 1 to 3.
  void makeDelayed(std::vector<int64_t> delays_ms) {
    options_.delay_level_ms = std::move(delays_ms);
    open();
    for (int i = 0; i < 3; ++i) {
      for (int level = 1; level <= 3; ++level) {
        const auto text = properties({{"DELAY", std::to_string(level)}});
        ASSERT_TRUE(put(kTopic, level - 1, "later" + std::to_string(i), text).ok());
        clock_.advance(std::chrono::milliseconds(700));
      }
    }
    close();
    queues_ = filesOf(root() + "/consumequeue");
  }
  Outcome rebuild(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"rebuild", root(), "--mappedFileSizeConsumeQueue",
                                          std::to_string(kQueueFileBytes)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  Outcome salvage(const std::vector<std::string>& more = {}) {
    std::filesystem::remove_all(dir_ / "out");
    std::vector<std::string> arguments = {"salvage", root(), dir_ / "out",
                                          "--mappedFileSizeConsumeQueue",
                                          std::to_string(kQueueFileBytes)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  std::string levelDir(int level) {
    return root() + "/consumequeue/" + kTopic + "/" + std::to_string(level - 1);
  }
  /// Both commands, the one that does not change the store first.
  void expectSameQueues(const std::vector<std::string>& more = {}) {
    const Outcome salvaged = salvage(more);
    EXPECT_EQ(0, salvaged.status) << salvaged.output;
    EXPECT_TRUE(queues_ == filesOf(dir_ / "out/consumequeue"));
    const Outcome rebuilt = rebuild(more);
    EXPECT_EQ(0, rebuilt.status) << rebuilt.output;
    EXPECT_TRUE(queues_ == filesOf(root() + "/consumequeue"));
  }
  void expectRefused() {
    const Snapshot before = snapshot(root() + "/commitlog");
    for (const Outcome& outcome : {salvage(), rebuild()}) {
      EXPECT_EQ(2, outcome.status) << outcome.output;
      EXPECT_THAT(outcome.output, HasSubstr("do not tell when they are due; give the broker's"));
    }
    for (const std::string& left : {dir_ / "out", dir_ / "out.partial",
                                    root() + "/consumequeue.rebuild", root() + "/index.rebuild"}) {
      EXPECT_FALSE(std::filesystem::exists(left)) << left;
    }
    EXPECT_TRUE(before == snapshot(root() + "/commitlog"));
  }
  std::map<std::string, std::string> queues_;
};

TEST_F(DeliveryTimesTest, TimesOfOtherLevelsThanRocketMqsStay) {
  makeDelayed({2000, 7'200'000, 3000});
  expectSameQueues();
}

// As it is after messageDelayLevel was changed.
TEST_F(DeliveryTimesTest, EachEntryKeepsItsOwnTime) {
  makeDelayed({2000, 7'200'000, 3000});
  options_.delay_level_ms = {9000, 9000, 9000};
  open();
  ASSERT_TRUE(put(kTopic, 1, "other", properties({{"DELAY", "2"}})).ok());
  close();
  queues_ = filesOf(root() + "/consumequeue");
  expectSameQueues();
}

TEST_F(DeliveryTimesTest, AnEntryThatIsGoneOrSpoiltGetsTheDelayOfItsLevel) {
  makeDelayed({2000, 7'200'000, 3000});
  patchFile(levelDir(2) + "/00000000000000000000", 2 * kQueueEntryBytes,
            std::string(kQueueEntryBytes, '\0'));
  patchFile(levelDir(2) + "/00000000000000000000", 12, std::string(1, '\x70'));
  expectSameQueues();
}

TEST_F(DeliveryTimesTest, WithoutOldEntriesTheLevelsMustBeGiven) {
  makeDelayed({2000, 7'200'000, 3000});
  std::filesystem::remove_all(levelDir(2));
  expectRefused();
  std::filesystem::remove_all(root() + "/consumequeue");
  expectRefused();
  writeFile(dir_ / "broker.conf", "messageDelayLevel=2s 2h 3s\n");
  expectSameQueues({"-c", dir_ / "broker.conf"});
}

TEST_F(DeliveryTimesTest, ASettingsFileWithoutLevelsMeansRocketMqs) {
  makeDelayed({1000, 5000, 10'000});
  std::filesystem::remove_all(root() + "/consumequeue");
  expectRefused();
  writeFile(dir_ / "broker.conf", "brokerName=a\n");
  expectSameQueues({"-c", dir_ / "broker.conf"});
}

TEST_F(DeliveryTimesTest, ALostLevelHasRocketMqsDelayWhenTheOthersHave) {
  makeDelayed({1000, 5000, 10'000});
  std::filesystem::remove_all(levelDir(2));
  expectSameQueues();
}

TEST_F(DeliveryTimesTest, WhatHasBeenDeliveredAsksForNoLevels) {
  makeDelayed({2000, 7'200'000, 3000});
  std::filesystem::remove_all(root() + "/consumequeue");
  writeFile(root() + "/config/delayOffset.json", R"({"offsetTable":{1:3,2:3,3:2}})");
  expectRefused();
  writeFile(root() + "/config/delayOffset.json", R"({"offsetTable":{1:3,2:3,3:3}})");
  EXPECT_EQ(0, salvage().status);
  EXPECT_EQ(0, rebuild().status);
  EXPECT_EQ(0, verify(root()).status);
}

}  // namespace
}  // namespace rocketmq::store::test

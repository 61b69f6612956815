// Promise: what a slave has copied of its master's tables never speaks of messages that the slave's
// log lacks. Promoted while the log could not be copied and the tables could, it delivers the
// delayed messages that the master has acknowledged, and consumer groups skip nothing. Of a master
// whose log is another it copies no positions at all, and tells it none. Nor does it lose what the
// master has, nor keep what the master has no longer.

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "common/atomic_file.h"
#include "tests/fault/replicated_pair.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/raw_client.h"

namespace rocketmq::test {
namespace {

constexpr int kQueryConsumerOffset = 14;
constexpr int kUpdateConsumerOffset = 15;
constexpr int kGetAllTopicConfig = 21;
constexpr int kGetMaxOffset = 30;
constexpr int kGetAllDelayOffset = 45;
constexpr int kUpdateSubscriptionGroup = 200;
constexpr int kDeleteSubscriptionGroup = 207;
constexpr int kDeleteTopicInBroker = 215;
constexpr int kSendMessageV2 = 310;
constexpr int kCleanUnusedTopic = 316;
constexpr int kSystemError = 1;
constexpr const char* kTopic = "Promoted";

class PromotionTest : public ::testing::Test {
 protected:
  void start(const std::string& role) {
    pair_.emplace(settings(), role);
    link_.emplace(pair_->cluster().haPort());
    pair_->setSlave("haMasterAddress", link_->address());
    pair_->cluster().createTopic(kTopic, 1);
    pair_->startSlave(kTopic);
  }

  /// To queue 0 of the topic; the code of the answer.
  static int send(uint16_t port, const std::string& properties = "",
                  const std::string& topic = kTopic) {
    const std::string header = R"({"a":"P","b":")" + topic +
                               R"(","c":"TBW102","d":"4","e":"0","f":"0","g":"1","h":"0","i":")" +
                               properties + "\"}";
    return RawClient(port).call(kSendMessageV2, header, "body").code;
  }
  static int64_t queueEnd(uint16_t port, const std::string& topic = kTopic) {
    const auto answer =
        RawClient(port).call(kGetMaxOffset, R"({"topic":")" + topic + R"(","queueId":0})");
    return std::atoll(answer.ext.at("offset").c_str());
  }
  static void commit(uint16_t port, const std::string& group, int offset,
                     const std::string& topic = kTopic) {
    const std::string header = R"({"consumerGroup":")" + group + R"(","topic":")" + topic +
                               R"(","queueId":0,"commitOffset":")" + std::to_string(offset) + "\"}";
    EXPECT_EQ(RawClient(port).call(kUpdateConsumerOffset, header).code, 0);
  }
  /// "0" or empty: it has none.
  static std::string position(uint16_t port, const std::string& group,
                              const std::string& topic = kTopic) {
    const std::string header =
        R"({"consumerGroup":")" + group + R"(","topic":")" + topic + R"(","queueId":0})";
    auto answer = RawClient(port).call(kQueryConsumerOffset, header);
    return answer.code == 0 ? answer.ext["offset"] : "";
  }
  bool slaveKnows(const std::string& topic) {
    const auto answer = RawClient(slavePort()).call(kGetAllTopicConfig, "");
    return answer.body.find('"' + topic + '"') != std::string::npos;
  }
  std::string timerCheckpoint() {
    const auto file = readWholeFile(pair_->slave().storeFolder() + "/config/timercheck");
    return file.ok() ? *file : "";
  }
  uint16_t masterPort() { return pair_->cluster().brokerPort(); }
  uint16_t slavePort() { return pair_->slave().port(); }

  /// The tables are copied once more, and the log is not.
  void copyTablesOnly() {
    pair_->cluster().createTopic("CopiedLast");
    // It asks for all tables when it has found its master.
    pair_->slave().stop();
    pair_->slave().start();
    ASSERT_TRUE(pair_->awaitTopic("CopiedLast"));
  }
  /// Returns when the slave has taken over a table that was asked for after this call.
  void awaitRound(const std::string& name) {
    pair_->cluster().createTopic(name);
    ASSERT_TRUE(pair_->awaitTopic(name));
  }
  void failOver() {
    pair_->cluster().killBroker();
    pair_->promoteSlave();
  }

  std::optional<ReplicatedPair> pair_;
  std::optional<FaultProxy> link_;

 private:
  static Cluster::Settings settings() {
    Cluster::Settings settings = smallFiles();
    settings["messageDelayLevel"] = "3s";
    return settings;
  }
};

TEST_F(PromotionTest, DelayedMessagesThatTheMasterHasDeliveredAloneComeAgain) {
  start("SYNC_MASTER");
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(send(masterPort(), R"(DELAY\u00011\u0002)"), 0);
  }
  link_->blackHole();
  ASSERT_TRUE(eventually([&] { return queueEnd(masterPort()) == 3; }));
  ASSERT_EQ(queueEnd(slavePort()), 0);
  copyTablesOnly();
  failOver();
  EXPECT_TRUE(eventually([&] { return queueEnd(slavePort()) == 3; }));
}

TEST_F(PromotionTest, AGroupSkipsNothingThatIsSentToTheNewMaster) {
  start("ASYNC_MASTER");
  ASSERT_EQ(send(masterPort()), 0);
  ASSERT_TRUE(eventually([&] { return pair_->slave().hasCaughtUp(); }));
  link_->blackHole();
  ASSERT_EQ(send(masterPort()), 0);
  commit(masterPort(), "G", 2);
  copyTablesOnly();
  failOver();
  ASSERT_EQ(queueEnd(slavePort()), 1);
  // The slave may have heard of the group before the link was cut.
  const std::string kept = position(slavePort(), "G");
  EXPECT_TRUE(kept.empty() || std::atoll(kept.c_str()) <= 1) << kept;
}

// After a fail-over without a fail-back: both have been masters and have messages of their own.
TEST_F(PromotionTest, NoPositionsArePassedBetweenLogsThatDiffer) {
  start("ASYNC_MASTER");
  ASSERT_EQ(send(masterPort()), 0);
  ASSERT_TRUE(eventually([&] { return pair_->slave().hasCaughtUp(); }));
  failOver();
  ASSERT_EQ(send(slavePort(), R"(DELAY\u00011\u0002)"), 0);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(send(slavePort()), 0);
  }
  commit(slavePort(), "G", 4);
  ASSERT_TRUE(eventually([&] { return queueEnd(slavePort()) == 5; })) << "is delivered";
  pair_->slave().stop();
  const std::string timers = timerCheckpoint();
  ASSERT_FALSE(timers.empty());
  pair_->cluster().startBroker();
  ASSERT_EQ(send(masterPort()), 0);
  commit(masterPort(), "G", 2);
  pair_->setSlave("brokerRole", "SLAVE");
  pair_->setSlave("brokerId", "1");
  pair_->slave().start();
  ASSERT_TRUE(eventually([&] {
    return runtimeInfo(pair_->cluster(), pair_->slave().address(), "haLogMatch") == "different";
  }));
  commit(slavePort(), "H", 3);
  // The second begins when the first has ended.
  awaitRound("First");
  awaitRound("Second");
  EXPECT_EQ(position(slavePort(), "G"), "4");
  EXPECT_EQ(RawClient(slavePort()).call(kGetAllDelayOffset, "").body, R"({"offsetTable":{1:1}})");
  EXPECT_EQ(timerCheckpoint(), timers);
  EXPECT_EQ(position(masterPort(), "G"), "2");
  EXPECT_EQ(position(masterPort(), "H"), "0") << "it has none";
}

class GivingBackTest : public PromotionTest {
 protected:
  void fill(const std::string& topic, int messages) {
    pair_->cluster().createTopic(topic, 1);
    for (int i = 0; i < messages; ++i) {
      ASSERT_EQ(send(masterPort(), "", topic), 0);
    }
  }
  void makeAgain(const std::string& topic, int messages) {
    ASSERT_EQ(
        RawClient(masterPort()).call(kDeleteTopicInBroker, R"({"topic":")" + topic + "\"}").code,
        0);
    fill(topic, messages);
  }
};

// Promise: what was committed to a slave while its master was gone is no position in a topic of the
// same name that was made since, nor one of a group that was deleted.
TEST_F(GivingBackTest, PositionsInWhatWasDeletedMeanwhileAreForgotten) {
  start("ASYNC_MASTER");
  const std::vector<std::string> topics{"Short", "Long", kTopic};
  for (const std::string& topic : topics) {
    fill(topic, 20);
  }
  ASSERT_EQ(
      RawClient(masterPort()).call(kUpdateSubscriptionGroup, "", R"({"groupName":"Deleted"})").code,
      0);
  awaitRound("First");
  awaitRound("Second");
  ASSERT_TRUE(eventually([&] { return pair_->slave().hasCaughtUp(); }));
  pair_->cluster().killBroker();
  for (const std::string& topic : topics) {
    commit(slavePort(), "G", 10, topic);
    commit(slavePort(), "Deleted", 10, topic);
  }
  // So that it comes to ask its master only when all of this has happened.
  ASSERT_EQ(::kill(pair_->slave().broker().pid(), SIGSTOP), 0);
  pair_->cluster().startBroker();
  makeAgain("Short", 3);
  makeAgain("Long", 20);
  ASSERT_EQ(RawClient(masterPort())
                .call(kDeleteSubscriptionGroup, R"({"groupName":"Deleted","removeOffset":"true"})")
                .code,
            0);
  ASSERT_EQ(::kill(pair_->slave().broker().pid(), SIGCONT), 0);
  EXPECT_TRUE(eventually([&] { return position(masterPort(), "G") == "10"; }));
  // It has none where the slave shows none, once that has taken over what the master has.
  for (const uint16_t port : {slavePort(), masterPort()}) {
    for (const std::string& topic : topics) {
      EXPECT_TRUE(eventually([&] { return position(port, "Deleted", topic) == "0"; })) << topic;
      EXPECT_TRUE(topic == kTopic || eventually([&] { return position(port, "G", topic) == "0"; }))
          << topic;
    }
  }
  EXPECT_EQ(position(masterPort(), "G"), "10");
}

TEST_F(PromotionTest, ATopicThatWasMadeJustBeforeTheMasterDiedIsKnown) {
  start("SYNC_MASTER");
  // The first may be that of the start; the one behind the second comes in 10 s.
  awaitRound("First");
  awaitRound("Second");
  pair_->cluster().createTopic("Late", 1);
  ASSERT_EQ(send(masterPort(), "", "Late"), 0);
  EXPECT_TRUE(eventually([&] { return slaveKnows("Late"); }, std::chrono::seconds(5)));
}

TEST_F(PromotionTest, ATopicThatWasDeletedAndMadeAgainHasItsNewMessagesOnly) {
  start("SYNC_MASTER");
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(send(masterPort()), 0);
  }
  for (const bool is_fast : {true, false}) {
    SCOPED_TRACE(is_fast);
    if (!is_fast) {
      commit(masterPort(), "G", 3);
      ASSERT_TRUE(eventually([&] { return position(slavePort(), "G") == "3"; }));
    }
    pair_->cluster().admin({"deleteTopic", "-c", "DefaultCluster", "-t", kTopic});
    if (!is_fast) {
      ASSERT_TRUE(eventually([&] { return !slaveKnows(kTopic); }));
      EXPECT_TRUE(eventually([&] { return position(slavePort(), "G") != "3"; }));
    }
    pair_->cluster().createTopic(kTopic, 1);
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(send(masterPort()), 0);
    }
    EXPECT_TRUE(eventually([&] { return queueEnd(slavePort()) == 3; }));
  }
  failOver();
  EXPECT_EQ(queueEnd(slavePort()), 3);
}

TEST_F(PromotionTest, ASlaveRefusesToBeChangedAndLosesNothing) {
  start("SYNC_MASTER");
  ASSERT_EQ(send(masterPort()), 0);
  ASSERT_EQ(send(masterPort(), "", "Unknown"), 0);
  ASSERT_TRUE(eventually([&] { return queueEnd(slavePort(), "Unknown") == 1; }));
  RawClient slave(slavePort());
  EXPECT_EQ(slave.call(kDeleteTopicInBroker, R"({"topic":"Promoted"})").code, kSystemError);
  EXPECT_EQ(slave.call(kDeleteSubscriptionGroup, R"({"groupName":"TOOLS_CONSUMER"})").code,
            kSystemError);
  pair_->cluster().admin({"deleteTopic", "-c", "DefaultCluster", "-t", "Unknown"});
  ASSERT_TRUE(eventually([&] { return !slaveKnows("Unknown"); }));
  EXPECT_EQ(slave.call(kCleanUnusedTopic, "").code, 0);
  EXPECT_EQ(queueEnd(slavePort(), "Unknown"), 1);
  EXPECT_EQ(queueEnd(slavePort()), 1);
}

TEST_F(PromotionTest, ASlaveWhoseBrokerNameIsNoMastersSaysSo) {
  pair_.emplace(smallFiles(), "ASYNC_MASTER");
  pair_->setSlave("brokerName", "broker-b");
  pair_->slave().start();
  EXPECT_TRUE(eventually([&] {
    const auto log = readWholeFile(pair_->slave().logFolder() + "/broker.log");
    return log.ok() && log->find("know no master with brokerName=broker-b") != std::string::npos;
  }));
}

// A log that a power cut has shortened leaves such positions too.
TEST_F(PromotionTest, PositionsBeyondTheEndOfAQueueAreSetBackWhenAMasterStarts) {
  start("ASYNC_MASTER");
  ASSERT_EQ(send(masterPort()), 0);
  commit(masterPort(), "G", 9);
  pair_->cluster().stopBroker();
  pair_->cluster().startBroker();
  EXPECT_EQ(position(masterPort(), "G"), "1");
}

}  // namespace
}  // namespace rocketmq::test

// Promise: what a slave has copied of its master's tables never speaks of messages that the slave's
// log lacks. Promoted while the log could not be copied and the tables could, it delivers the
// delayed messages that the master has acknowledged, and consumer groups skip nothing.

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

#include "tests/fault/replicated_pair.h"
#include "tests/support/fault_proxy.h"
#include "tests/support/raw_client.h"

namespace rocketmq::test {
namespace {

constexpr int kQueryConsumerOffset = 14;
constexpr int kUpdateConsumerOffset = 15;
constexpr int kGetMaxOffset = 30;
constexpr int kSendMessageV2 = 310;
constexpr const char* kTopic = "Promoted";
constexpr const char* kPosition = R"({"consumerGroup":"G","topic":"Promoted","queueId":0})";

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
  static int send(uint16_t port, const std::string& properties = "") {
    const std::string header =
        R"({"a":"P","b":"Promoted","c":"TBW102","d":"4","e":"0","f":"0","g":"1","h":"0","i":")" +
        properties + "\"}";
    return RawClient(port).call(kSendMessageV2, header, "body").code;
  }
  static int64_t queueEnd(uint16_t port) {
    const auto answer = RawClient(port).call(kGetMaxOffset, R"({"topic":"Promoted","queueId":0})");
    return std::atoll(answer.ext.at("offset").c_str());
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
  RawClient(masterPort())
      .call(kUpdateConsumerOffset,
            R"({"consumerGroup":"G","topic":"Promoted","queueId":0,"commitOffset":"2"})");
  copyTablesOnly();
  failOver();
  ASSERT_EQ(queueEnd(slavePort()), 1);
  // The slave may have heard of the group before the link was cut.
  const auto position = RawClient(slavePort()).call(kQueryConsumerOffset, kPosition);
  EXPECT_TRUE(position.code != 0 || std::atoll(position.ext.at("offset").c_str()) <= 1)
      << position.ext.at("offset");
}

// A log that a power cut has shortened leaves such positions too.
TEST_F(PromotionTest, PositionsBeyondTheEndOfAQueueAreSetBackWhenAMasterStarts) {
  start("ASYNC_MASTER");
  ASSERT_EQ(send(masterPort()), 0);
  RawClient(masterPort())
      .call(kUpdateConsumerOffset,
            R"({"consumerGroup":"G","topic":"Promoted","queueId":0,"commitOffset":"9"})");
  pair_->cluster().stopBroker();
  pair_->cluster().startBroker();
  EXPECT_EQ(RawClient(masterPort()).call(kQueryConsumerOffset, kPosition).ext["offset"], "1");
}

}  // namespace
}  // namespace rocketmq::test

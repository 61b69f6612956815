// Promise: a SYNC_MASTER with inSyncReplicas=3 answers SEND_OK for what both of its slaves have.
// While one of them is gone it answers SLAVE_NOT_AVAILABLE and stores the message all the same;
// once it is back it is SEND_OK again. All three logs are the same then. When one of them takes the
// master's place the other follows it.

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/fault/load.h"
#include "tests/fault/replicated_pair.h"
#include "tests/support/raw_client.h"

namespace rocketmq::test {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr int kSendMessageV2 = 310;
constexpr int kOk = 0;
constexpr int kSlaveNotAvailable = 11;

Cluster::Settings bothMustHaveIt() {
  Cluster::Settings settings = smallFiles();
  settings["inSyncReplicas"] = "3";
  return settings;
}

class TwoSlavesTest : public ::testing::Test {
 protected:
  int send() {
    return producer_
        .call(kSendMessageV2,
              R"({"a":"P","b":"Both","c":"TBW102","d":"4","e":"0","f":"0","g":"1","h":"0","i":""})",
              std::string(1000, 'x'))
        .code;
  }
  std::string countedSlaves() {
    return runtimeInfo(pair_.cluster(), pair_.cluster().brokerAddr(), "haSlaveCount");
  }
  void expectAllLogsTheSame() {
    pair_.expectSameLogs();
    ASSERT_TRUE(eventually([&] { return second_.hasCaughtUp(); }, seconds(60)));
    const auto comparison = compareLogsOf(pair_.slave().storeFolder(), second_.storeFolder());
    EXPECT_FALSE(comparison.first_difference) << *comparison.first_difference;
    EXPECT_EQ(comparison.first_end, comparison.second_end);
  }

  ReplicatedPair pair_{bothMustHaveIt(), "SYNC_MASTER"};
  TempDir second_dir_;
  Slave second_{pair_.cluster(), second_dir_.path().string(), [] {
                  Cluster::Settings settings = smallFiles();
                  settings["brokerId"] = "2";
                  return settings;
                }()};
  RawClient producer_{pair_.cluster().brokerPort()};
};

TEST_F(TwoSlavesTest, AsManyAsInSyncReplicasSaysMustHaveAMessage) {
  pair_.cluster().createTopic("Both");
  pair_.startSlave("Both");
  EXPECT_EQ(send(), kSlaveNotAvailable) << "the second slave does not run yet";
  second_.start();
  ASSERT_TRUE(pair_.awaitSlaves("2"));
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(send(), kOk);
  }
  // What was answered with SEND_OK is on both, without anybody waiting for it.
  EXPECT_TRUE(pair_.slave().hasCaughtUp());
  EXPECT_TRUE(second_.hasCaughtUp());

  for (Slave* const slave : {&second_, &pair_.slave()}) {
    slave->kill();
    ASSERT_TRUE(eventually([&] { return countedSlaves() == "1"; }));
    const auto begin = steady_clock::now();
    for (int i = 0; i < 20; ++i) {
      ASSERT_EQ(send(), kSlaveNotAvailable);
    }
    EXPECT_LT(steady_clock::now() - begin, seconds(3)) << "nobody is waited for";
    slave->start();
    ASSERT_TRUE(pair_.awaitSlaves("2"));
    for (int i = 0; i < 20; ++i) {
      ASSERT_EQ(send(), kOk);
    }
  }
  expectAllLogsTheSame();
  EXPECT_EQ(runtimeInfo(pair_.cluster(), second_.address(), "haLogMatch"), "same");
}

TEST_F(TwoSlavesTest, TheOtherSlaveFindsOneThatWasPromotedSoon) {
  pair_.cluster().createTopic("Both");
  pair_.startSlave("Both");
  second_.start();  // Its next registration is due in 30 s.
  ASSERT_TRUE(pair_.awaitSlaves("2"));
  ASSERT_EQ(send(), kOk);
  pair_.cluster().killBroker();
  pair_.promoteSlave();
  EXPECT_TRUE(eventually(
      [&] {
        return runtimeInfo(pair_.cluster(), pair_.slave().address(), "haInSyncSlaveCount") == "1";
      },
      seconds(15)));
}

}  // namespace
}  // namespace rocketmq::test

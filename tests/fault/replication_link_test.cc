// Promise: whatever happens to the link between master and slave, and however slow the slave's disk
// is, the master goes on, neither end waits for ever for one that is gone, and when the fault is
// over both logs are the same byte for byte.
//
// The link is a proxy. Loss is shown as TCP shows it, by data that comes late and holds up what is
// behind it: dropping packets for real needs the kernel's netem, which many machines lack.
//
// ROCKETMQ_FAULT_ROUNDS=N has N faults come one after the other, ROCKETMQ_FAULT_SEED=N repeats.

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>

#include "tests/fault/load.h"
#include "tests/fault/replicated_pair.h"
#include "tests/fault/rounds.h"
#include "tests/fault/slow_disk.h"
#include "tests/support/fault_proxy.h"

namespace rocketmq::test {
namespace {

using std::chrono::milliseconds;

Cluster::Settings impatient() {
  Cluster::Settings settings = smallFiles();
  settings["haSendHeartbeatInterval"] = "200";
  settings["haHousekeepingInterval"] = "1500";
  return settings;
}

class ReplicationLinkTest : public ::testing::Test {
 protected:
  explicit ReplicationLinkTest(const std::string& role = "ASYNC_MASTER")
      : pair_(impatient(), role), load_(pair_.cluster(), "Link", seed_) {
    pair_.setSlave("haMasterAddress", link_.address());
    pair_.startSlave("Link");
    load_.send(100);
  }

  /// Everything is as it was before the fault.
  void expectHealed() {
    link_.pass();
    ASSERT_TRUE(pair_.awaitSlaves("1"));
    load_.send(100);
    pair_.expectSameLogs();
    load_.expectEverythingThere();
  }

  bool slaveIsConnected(const std::string& connected) {
    return eventually([&] {
      return runtimeInfo(pair_.cluster(), pair_.slave().address(), "haConnected") == connected;
    });
  }

  const uint64_t seed_ = faultSeed();
  ReplicatedPair pair_;
  FaultProxy link_{pair_.cluster().haPort()};
  Load load_;
};

TEST_F(ReplicationLinkTest, CutLink) {
  link_.blackHole();
  load_.send(500);
  // Nobody has told the master; it notices the silence.
  EXPECT_TRUE(pair_.awaitSlaves("0"));
  expectHealed();
}

TEST_F(ReplicationLinkTest, LinkThatIsCutFromTheMasterToTheSlave) {
  const int before = link_.connections();
  link_.blackHoleAnswers();
  load_.send(500);
  // The slave, which hears nothing, gives the connection up and tries others.
  EXPECT_TRUE(eventually([&] { return link_.connections() >= before + 2; }));
  expectHealed();
}

TEST_F(ReplicationLinkTest, LinkThatIsCutFromTheSlaveToTheMaster) {
  link_.blackHoleRequests();
  load_.send(500);
  EXPECT_TRUE(pair_.awaitSlaves("0"));
  expectHealed();
}

TEST_F(ReplicationLinkTest, ConnectionsThatBreakInsideOfATransfer) {
  link_.cutAnswers(10);
  // Each cut needs data of the next connection.
  EXPECT_TRUE(eventually([&] {
    load_.send(20);
    return link_.cuts() >= 10;
  }));
  expectHealed();
}

TEST_F(ReplicationLinkTest, AnyFaultsInARow) {
  std::mt19937_64 random(seed_);
  const int rounds = faultRounds(3);
  for (int round = 0; round < rounds; ++round) {
    switch (random() % 7) {
      case 0:
        link_.blackHole();
        break;
      case 1:
        link_.blackHoleAnswers();
        break;
      case 2:
        link_.blackHoleRequests();
        break;
      case 3:
        link_.delay(milliseconds(random() % 300));
        break;
      case 4:
        link_.lose(static_cast<int>(random() % 30), milliseconds(200), random());
        break;
      case 5:
        link_.cutAnswers(1 + static_cast<int>(random() % 5));
        break;
      default:
        pair_.slave().kill();
        pair_.slave().start();
    }
    load_.send(static_cast<int64_t>(random() % 500) + 1);
  }
  link_.cutAnswers(0);
  expectHealed();
}

class SyncReplicationLinkTest : public ReplicationLinkTest {
 protected:
  SyncReplicationLinkTest() : ReplicationLinkTest("SYNC_MASTER") {}
};

TEST_F(SyncReplicationLinkTest, DelayOf200Milliseconds) {
  link_.delay(milliseconds(200));
  const auto begin = std::chrono::steady_clock::now();
  load_.send(20);
  // SEND_OK means that the slave has it: there and back.
  EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds(400));
  expectHealed();
}

TEST_F(SyncReplicationLinkTest, LossOfFivePercent) {
  link_.lose(5, milliseconds(200), seed_);
  while (link_.losses() < 5) {
    load_.send(20);
  }
  expectHealed();
}

class SlowSlaveDiskTest : public ::testing::Test {
 protected:
  /// Starts the slave on a disk each call to which takes so long.
  void startSlowSlave(const std::string& topic, std::chrono::milliseconds call) {
    pair_.cluster().createTopic(topic, Load::kQueues);
    const SlowDisk slow(call);
    pair_.startSlave(topic);
  }

  ReplicatedPair pair_{smallFiles(), "ASYNC_MASTER"};
};

TEST_F(SlowSlaveDiskTest, MasterGoesOnAndTheSlaveComesAfter) {
  startSlowSlave("SlowDisk", std::chrono::milliseconds(100));
  Load load(pair_.cluster(), "SlowDisk", faultSeed());
  load.send(2000);
  pair_.expectSameLogs();
  load.expectEverythingThere();
}

}  // namespace
}  // namespace rocketmq::test

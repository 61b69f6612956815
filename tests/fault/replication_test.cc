// Promise: what a SYNC_MASTER has acknowledged with SEND_OK is on its slave, whatever the moment at
// which the master is killed: byte for byte at the same place, and readable there. Whichever of the
// two is killed or stopped, afterwards both logs are the same again.
//
// ROCKETMQ_FAULT_ROUNDS=N kills N times; ROCKETMQ_FAULT_SEED=N repeats a run as far as threads can
// be repeated.

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "store/inspect/compare.h"
#include "store/inspect/read_only_files.h"
#include "store/inspect/store_layout.h"
#include "tests/fault/load.h"
#include "tests/fault/rounds.h"
#include "tests/support/daemon.h"
#include "tests/support/slave.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

const Cluster::Settings kMasterSettings{
    {"brokerRole", "SYNC_MASTER"},         {"slaveReadEnable", "true"},
    {"mappedFileSizeCommitLog", "262144"}, {"mappedFileSizeConsumeQueue", "4000"},
    {"maxMessageSize", "65536"},           {"maxTransferCountOnMessageInMemory", "1000"}};

class ReplicationTest : public ::testing::Test {
 protected:
  ReplicationTest() { cluster_.start(); }

  /// Returns when the slave has joined: follows the log, and has copied the topic, which it does at
  /// once when it finds its master and then every 10 s.
  void startSlave(const std::string& topic) {
    slave_.start();
    ASSERT_TRUE(awaitSlave());
    ASSERT_TRUE(eventually([&] {
      std::ifstream file(slave_.storeFolder() + "/config/topics.json");
      const std::string topics(std::istreambuf_iterator<char>(file), {});
      return topics.find("\"" + topic + "\"") != std::string::npos;
    }));
  }

  bool awaitSlave() {
    return eventually([this] {
      return runtimeInfo(cluster_, cluster_.brokerAddr(), "haInSyncSlaveCount") == "1";
    });
  }

  static Cluster::Settings slaveSettings() {
    Cluster::Settings settings = kMasterSettings;
    settings.erase("brokerRole");
    return settings;
  }

  /// Compares the logs as they are on the disk, over what both have.
  store::inspect::LogComparison compare() const {
    namespace inspect = store::inspect;
    FileSystem& files = inspect::readOnlyFileSystem();
    const auto layoutOf = [&files](const std::string& folder) {
      return *inspect::readLayout(files, folder, {}, [](const inspect::Finding&) {});
    };
    const auto master = layoutOf(master_dir_.path().string() + "/store");
    return inspect::compareLogs(files, master, layoutOf(slave_.storeFolder()), {});
  }

  void expectSameLogs() {
    ASSERT_TRUE(eventually([this] { return slave_.hasCaughtUp(); }));
    const auto comparison = compare();
    EXPECT_FALSE(comparison.first_difference) << *comparison.first_difference;
    EXPECT_EQ(comparison.first_end, comparison.second_end);
    EXPECT_EQ(comparison.begin, 0);
  }

  TempDir master_dir_;
  TempDir slave_dir_;
  Cluster cluster_{master_dir_.path().string(), kMasterSettings};
  Slave slave_{cluster_, slave_dir_.path().string(), slaveSettings()};
};

TEST_F(ReplicationTest, WhatAKilledSyncMasterAcknowledgedIsOnTheSlave) {
  const uint64_t seed = faultSeed();
  std::mt19937_64 random(seed);
  Load load(cluster_, "SyncKill", seed);
  startSlave("SyncKill");
  const int rounds = faultRounds(3);
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE("ROCKETMQ_FAULT_SEED=" + std::to_string(seed) + ", round " +
                 std::to_string(round));
    load.sendUntilKilled(std::uniform_int_distribution<int64_t>(1, 1000)(random));
    // Nobody but the slave is there to read from.
    load.expectEverythingThere();
    EXPECT_FALSE(compare().first_difference);
    cluster_.startBroker();
    ASSERT_TRUE(awaitSlave());
    expectSameLogs();
    ASSERT_FALSE(HasFailure());
  }
  std::printf("%lld messages were acknowledged\n", static_cast<long long>(load.acknowledged()));
}

TEST_F(ReplicationTest, LogsAreTheSameAgainAfterRestartsInAnyOrder) {
  const uint64_t seed = faultSeed();
  Load load(cluster_, "Restarts", seed);
  startSlave("Restarts");
  load.send(100);
  // The slave, killed while the master goes on.
  slave_.kill();
  slave_.start();
  ASSERT_TRUE(awaitSlave());
  load.send(100);
  // The master.
  cluster_.stopBroker();
  cluster_.startBroker();
  ASSERT_TRUE(awaitSlave());
  load.send(100);
  // Both, the slave first.
  cluster_.killBroker();
  slave_.stop();
  slave_.start();
  cluster_.startBroker();
  ASSERT_TRUE(awaitSlave());
  load.send(100);
  load.expectEverythingThere();
  expectSameLogs();
}

}  // namespace
}  // namespace rocketmq::test

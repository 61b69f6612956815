// Promise: as in replication_link_test.cc, with master and slave on hosts of their own and a wire
// that loses everything, in both directions or in one, without a word to either end: no reset, no
// closed connection, no error. Where network namespaces are not permitted these tests are skipped
// and those with the proxy remain.

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/fault/load.h"
#include "tests/fault/replicated_pair.h"
#include "tests/fault/rounds.h"
#include "tests/support/network_hosts.h"
#include "tests/support/slave.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

class ReplicationHostsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    hosts_ = NetworkHosts::create(master_dir_.path().string());
    if (hosts_ == nullptr) {
      GTEST_SKIP() << "network namespaces are not permitted here";
    }
    Cluster::Settings settings = smallFiles();
    settings["bindAddress"] = "0.0.0.0";
    settings["haSendHeartbeatInterval"] = "200";
    settings["haHousekeepingInterval"] = "1500";
    settings["connectTimeoutMillis"] = "500";
    settings["brokerIP1"] = NetworkHosts::kSecond;
    const std::string slave_folder = slave_dir_.path().string();
    slave_settings_ = settings;
    settings["brokerIP1"] = NetworkHosts::kFirst;
    settings["brokerIP2"] = NetworkHosts::kFirst;
    settings["brokerRole"] = "ASYNC_MASTER";
    cluster_ = std::make_unique<Cluster>(master_dir_.path().string(), settings,
                                         Cluster::Settings{{"bindAddress", "0.0.0.0"}});
    cluster_->start();
    slave_settings_["namesrvAddr"] =
        std::string(NetworkHosts::kFirst) + ":" + std::to_string(cluster_->namesrvPort());
    slave_ = std::make_unique<Slave>(*cluster_, slave_folder, slave_settings_);
    load_ = std::make_unique<Load>(*cluster_, "Hosts", faultSeed());
    hosts_->onSecond([this] { slave_->start(); });
    ASSERT_TRUE(awaitSlaves("1"));
    load_->send(100);
  }

  bool awaitSlaves(const std::string& count) {
    return eventually([&] {
      return runtimeInfo(*cluster_, cluster_->brokerAddr(), "haInSyncSlaveCount") == count;
    });
  }

  std::string ofSlave(const std::string& key) {
    return runtimeInfo(
        *cluster_, std::string(NetworkHosts::kSecond) + ":" + std::to_string(slave_->port()), key);
  }

  void expectHealed() {
    hosts_->heal();
    ASSERT_TRUE(awaitSlaves("1"));
    load_->send(100);
    ASSERT_TRUE(eventually([this] {
      const std::string end = runtimeInfo(*cluster_, cluster_->brokerAddr(), "commitLogMaxOffset");
      return !end.empty() && end == ofSlave("commitLogMaxOffset");
    }));
    const auto comparison =
        compareLogsOf(master_dir_.path().string() + "/store", slave_->storeFolder());
    EXPECT_FALSE(comparison.first_difference) << *comparison.first_difference;
    EXPECT_EQ(comparison.first_end, comparison.second_end);
    load_->expectEverythingThere();
  }

  TempDir master_dir_;
  TempDir slave_dir_;
  std::unique_ptr<NetworkHosts> hosts_;
  Cluster::Settings slave_settings_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<Slave> slave_;
  std::unique_ptr<Load> load_;
};

TEST_F(ReplicationHostsTest, CutWire) {
  hosts_->cutFromFirst();
  hosts_->cutFromSecond();
  load_->send(500);
  EXPECT_TRUE(awaitSlaves("0")) << "the master notices the silence";
  expectHealed();
}

TEST_F(ReplicationHostsTest, WireThatIsCutFromTheMasterToTheSlave) {
  hosts_->cutFromFirst();
  load_->send(500);
  EXPECT_TRUE(awaitSlaves("0")) << "the slave notices the silence, or its reports are not answered";
  expectHealed();
}

TEST_F(ReplicationHostsTest, WireThatIsCutFromTheSlaveToTheMaster) {
  hosts_->cutFromSecond();
  load_->send(500);
  EXPECT_TRUE(awaitSlaves("0"));
  expectHealed();
}

}  // namespace
}  // namespace rocketmq::test

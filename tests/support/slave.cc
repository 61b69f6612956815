#include "tests/support/slave.h"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <utility>

namespace rocketmq::test {

Slave::Slave(const Cluster& cluster, std::string folder, Cluster::Settings settings)
    : cluster_(cluster),
      folder_(std::move(folder)),
      settings_(std::move(settings)),
      port_(freePort()),
      ha_port_(freePort()) {}

void Slave::start() {
  Cluster::Settings settings{{"brokerClusterName", "DefaultCluster"},
                             {"brokerName", "broker-a"},
                             {"brokerRole", "SLAVE"},
                             {"brokerId", "1"},
                             {"slaveReadEnable", "true"},
                             {"brokerIP1", "127.0.0.1"},
                             {"bindAddress", "127.0.0.1"},
                             {"listenPort", std::to_string(port_)},
                             {"haListenPort", std::to_string(ha_port_)},
                             {"namesrvAddr", cluster_.namesrvAddr()},
                             {"storePathRootDir", storeFolder()},
                             {"logDir", logFolder()}};
  for (const auto& [key, value] : settings_) {
    settings[key] = value;
  }
  const std::string conf = folder_ + "/slave.conf";
  std::ofstream file(conf);
  for (const auto& [key, value] : settings) {
    file << key << "=" << value << "\n";
  }
  file.close();
  broker_ =
      std::make_unique<Daemon>(programPath("rocketmq-broker"), std::vector<std::string>{"-c", conf},
                               folder_ + "/slave.out" + std::to_string(starts_++));
  ASSERT_TRUE(broker_->awaitOutput("boot success", std::chrono::seconds(10))) << broker_->output();
}

void Slave::stop() {
  EXPECT_EQ(broker_->stop(SIGTERM, std::chrono::seconds(10)), 0) << broker_->output();
}

void Slave::kill() { broker_->stop(SIGKILL, std::chrono::seconds(10)); }

bool Slave::hasCaughtUp() const {
  const std::string end = runtimeInfo(cluster_, cluster_.brokerAddr(), "commitLogMaxOffset");
  return !end.empty() && end == runtimeInfo(cluster_, address(), "commitLogMaxOffset");
}

std::string runtimeInfo(const Cluster& cluster, const std::string& address,
                        const std::string& key) {
  std::istringstream lines(cluster.admin({"brokerStatus", "-b", address}).output);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string name;
    std::string colon;
    std::string value;
    words >> name >> colon >> value;
    if (name == key + ":") {
      return colon;
    }
    if (name == key) {
      return value;
    }
  }
  return {};
}

}  // namespace rocketmq::test

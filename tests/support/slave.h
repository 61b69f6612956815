#pragma once

#include <memory>
#include <string>

#include "tests/support/daemon.h"

namespace rocketmq::test {

/// A slave of a cluster's broker, as a process of its own in its own folder. Finds its master
/// through the cluster's name server. With brokerName, brokerId and brokerRole in its settings it
/// is whatever other broker of the cluster these make it.
class Slave {
 public:
  /// `cluster` and `folder` must outlive it; `settings` come on top of the defaults.
  Slave(const Cluster& cluster, std::string folder, Cluster::Settings settings = {});

  /// For the next start().
  void set(const std::string& key, const std::string& value) { settings_[key] = value; }
  void start();
  void stop();
  void kill();

  Daemon& broker() { return *broker_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  uint16_t port() const { return port_; }
  std::string storeFolder() const { return folder_ + "/store"; }
  std::string logFolder() const { return folder_ + "/logs"; }

  /// True once its log ends where the master's does.
  bool hasCaughtUp() const;

 private:
  const Cluster& cluster_;
  std::string folder_;
  Cluster::Settings settings_;
  uint16_t port_;
  uint16_t ha_port_;
  int starts_ = 0;
  std::unique_ptr<Daemon> broker_;
};

/// A value of GET_BROKER_RUNTIME_INFO as mqadmin brokerStatus prints it; empty when there is none.
std::string runtimeInfo(const Cluster& cluster, const std::string& address, const std::string& key);

}  // namespace rocketmq::test

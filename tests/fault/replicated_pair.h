#pragma once

#include <gtest/gtest.h>

#include <string>

#include "store/inspect/compare.h"
#include "tests/support/daemon.h"
#include "tests/support/slave.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {

/// Settings with small files, so that a test meets their ends.
Cluster::Settings smallFiles();

/// The logs of two store folders as they are on the disk, over what both have.
store::inspect::LogComparison compareLogsOf(const std::string& first_store,
                                            const std::string& second_store);

/// A name server, a master and its slave, each with a folder of its own. The master runs from the
/// start. `Settings` are those of both; the role is the master's alone.
class ReplicatedPair {
 public:
  ReplicatedPair(const Cluster::Settings& settings, const std::string& role);

  Cluster& cluster() { return cluster_; }
  Slave& slave() { return slave_; }
  /// Before the slave is started.
  void setSlave(const std::string& key, const std::string& value) { slave_.set(key, value); }

  /// Returns when the slave follows the log and has copied the topic, which it does at once when it
  /// finds its master and then every 10 s.
  void startSlave(const std::string& topic);
  /// The slave has copied the topic.
  bool awaitTopic(const std::string& topic) const;
  /// The slave starts again as the master, an ASYNC_MASTER.
  void promoteSlave();
  /// So many slaves are in sync with the master.
  bool awaitSlaves(const std::string& count);

  /// The logs as they are on the disk, over what both have.
  store::inspect::LogComparison compare() const;
  /// Waits until both logs are the same from the first byte to the last.
  void expectSameLogs();

 private:
  TempDir master_dir_;
  TempDir slave_dir_;
  Cluster cluster_;
  Slave slave_;
};

}  // namespace rocketmq::test

#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "tests/support/daemon.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {

/// One running cluster with short delays for all tests of a suite.
class SharedCluster : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    startCluster({{"messageDelayLevel", "1s 1s 1s 1s 1s 1s 1s 1s 1s 1s"}});
  }
  static void startCluster(const Cluster::Settings& broker_settings) {
    folder_ = std::make_unique<TempDir>();
    cluster_ = std::make_unique<Cluster>(folder_->path().string(), broker_settings);
    cluster_->start();
  }
  static void TearDownTestSuite() {
    cluster_.reset();
    folder_.reset();
  }

  static inline std::unique_ptr<TempDir> folder_;
  static inline std::unique_ptr<Cluster> cluster_;
};

}  // namespace rocketmq::test

// Promise: whatever the moment at which the broker is killed, everything that it has acknowledged
// is there after the next start, exactly where it said, and nothing is there twice or out of order.
//
// ROCKETMQ_FAULT_ROUNDS=N kills N times per flush mode; ROCKETMQ_FAULT_SEED=N repeats a run as far
// as threads can be repeated.

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/fault/load.h"
#include "tests/fault/rounds.h"
#include "tests/support/daemon.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

class KillLoopTest : public ::testing::TestWithParam<const char*> {};

TEST_P(KillLoopTest, NothingAcknowledgedIsLostOrMoved) {
  const uint64_t seed = faultSeed();
  std::mt19937_64 random(seed);
  TempDir folder;
  // Small files, so that some kills come while the log goes on to its next file.
  Cluster cluster(folder.path().string(), {{"flushDiskType", GetParam()},
                                           {"mappedFileSizeCommitLog", "262144"},
                                           {"mappedFileSizeConsumeQueue", "4000"},
                                           {"maxMessageSize", "65536"},
                                           {"maxTransferCountOnMessageInMemory", "1000"},
                                           {"flushIntervalCommitLog", "20"},
                                           {"flushIntervalConsumeQueue", "20"},
                                           {"flushConsumeQueueThoroughInterval", "50"}});
  cluster.start();
  Load load(cluster, "KillLoop", seed);
  const int rounds = faultRounds(12);
  for (int round = 0; round < rounds; ++round) {
    SCOPED_TRACE("ROCKETMQ_FAULT_SEED=" + std::to_string(seed) + ", round " +
                 std::to_string(round));
    load.sendUntilKilled(std::uniform_int_distribution<int64_t>(1, 1500)(random));
    cluster.startBroker();
    load.expectEverythingThere();
    ASSERT_FALSE(HasFailure());
  }
  std::printf("%lld messages were acknowledged\n", static_cast<long long>(load.acknowledged()));
}

INSTANTIATE_TEST_SUITE_P(BothModes, KillLoopTest, ::testing::Values("ASYNC_FLUSH", "SYNC_FLUSH"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace rocketmq::test

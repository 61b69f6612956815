// Promise: whatever the broker can derive from the commit log may be missing after it was killed:
// after the next start every message is there at its offset and can be found by its key.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/fault/load.h"
#include "tests/fault/rounds.h"
#include "tests/support/daemon.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

/// Files and folders of the store that go, and how a test says it.
struct Missing {
  std::string name;
  std::vector<std::string> paths;
};

class MissingFilesTest : public ::testing::TestWithParam<Missing> {};

TEST_P(MissingFilesTest, AreMadeAgainFromTheLogAfterAKill) {
  const uint64_t seed = faultSeed();
  TempDir folder;
  Cluster cluster(folder.path().string(), {{"mappedFileSizeCommitLog", "262144"},
                                           {"mappedFileSizeConsumeQueue", "4000"},
                                           {"maxHashSlotNum", "500"},
                                           {"maxIndexNum", "1000"},
                                           {"maxMessageSize", "65536"},
                                           {"maxTransferCountOnMessageInMemory", "1000"},
                                           {"flushIntervalConsumeQueue", "5"},
                                           {"flushConsumeQueueThoroughInterval", "5"}});
  cluster.start();
  Load load(cluster, "MissingFiles", seed);
  const auto someKeyIsFound = [&] {
    return cluster.admin({"queryMsgByKey", "-t", "MissingFiles", "-k", load.someKey()})
               .output.find(load.someMessageId()) != std::string::npos;
  };
  load.send(1000);
  ASSERT_TRUE(eventually(someKeyIsFound));
  // Twice: the second time there is a checkpoint to begin at.
  for (int round = 0; round < 2; ++round) {
    SCOPED_TRACE("ROCKETMQ_FAULT_SEED=" + std::to_string(seed) + ", round " +
                 std::to_string(round));
    load.sendUntilKilled(500);
    for (const std::string& path : GetParam().paths) {
      ASSERT_GT(std::filesystem::remove_all(cluster.folder() + "/store/" + path), 0u) << path;
    }
    cluster.startBroker();
    load.expectEverythingThere();
    EXPECT_TRUE(eventually(someKeyIsFound));
    ASSERT_FALSE(HasFailure());
  }
}

INSTANTIATE_TEST_SUITE_P(
    OneAtATime, MissingFilesTest,
    ::testing::Values(Missing{"Checkpoint", {"checkpoint"}},
                      Missing{"OneConsumeQueue", {"consumequeue/MissingFiles/2"}},
                      Missing{"AllConsumeQueues", {"consumequeue"}}, Missing{"Index", {"index"}},
                      Missing{"AllTogether", {"checkpoint", "consumequeue", "index"}}),
    [](const auto& instance) { return instance.param.name; });

}  // namespace
}  // namespace rocketmq::test

// Clients that nobody shuts down before the program ends, or the thread that they belong to.

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "tests/support/daemon.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/client/fake_cluster.h"

namespace rocketmq::client {
namespace {

using LifeAndEnd = std::tuple<std::string, std::string>;

class LastingClientsTest : public testing::TestWithParam<LifeAndEnd> {};

TEST_P(LastingClientsTest, EndWithTheirProgram) {
  FakeCluster cluster;
  cluster.createTopic("T", 2);
  const test::TempDir folder;
  const auto& [life, end] = GetParam();

  const auto outcome = test::runProgram(
      LASTING_CLIENTS,
      {"-Drocketmq.namesrv.addr=" + cluster.nameServer(),
       "-Drocketmq.client.localOffsetStoreDir=" + folder.path().string(), life, end});

  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_EQ(outcome.output, "");
  // Each has told the brokers that it left.
  for (const char* group : {"PG", "concurrent", "orderly", "broadcasting", "lite_pull", "pull"}) {
    EXPECT_TRUE(cluster.broker().members(group).empty()) << group;
  }
}

std::string nameOf(const testing::TestParamInfo<LifeAndEnd>& info) {
  const auto& [life, end] = info.param;
  return (life == "main-thread" ? "mainThread" : life) + "_" + end;
}

INSTANTIATE_TEST_SUITE_P(OfEachLife, LastingClientsTest,
                         testing::Combine(testing::Values("static", "local"),
                                          testing::Values("return", "exit", "listener",
                                                          "callback")),
                         nameOf);
INSTANTIATE_TEST_SUITE_P(OfAThread, LastingClientsTest,
                         testing::Values(LifeAndEnd("main-thread", "return"),
                                         LifeAndEnd("main-thread", "exit"),
                                         LifeAndEnd("thread", "return")),
                         nameOf);

}  // namespace
}  // namespace rocketmq::client

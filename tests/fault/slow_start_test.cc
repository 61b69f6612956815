// Promise: a start that takes minutes need not be waited for by who wants to stop the daemon, and
// the next one is none the worse for it.

#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/fault/slow_disk.h"
#include "tests/support/daemon.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

using std::chrono::seconds;

TEST(SlowStartTest, ASignalEndsAStartAtOnceAndTheNextOneComesThrough) {
  const TempDir folder;
  const std::string conf = folder / "broker.conf";
  std::ofstream(conf) << "brokerIP1=127.0.0.1\nbindAddress=127.0.0.1\nlistenPort=" << freePort()
                      << "\nstorePathRootDir=" << (folder / "store")
                      << "\nlogDir=" << (folder / "logs") << "\n";
  for (const int signal_number : {SIGTERM, SIGINT}) {
    std::filesystem::remove(folder / "store/lock");
    const SlowDisk slow(seconds{60});
    Daemon broker(programPath("rocketmq-broker"), {"-c", conf}, folder / "slow.txt");
    ASSERT_TRUE(
        eventually([&] { return std::filesystem::exists(folder / "store/lock"); }, seconds(20)))
        << broker.output();
    EXPECT_EQ(broker.stop(signal_number, seconds(10)), EXIT_SUCCESS) << broker.output();
  }
  Daemon broker(programPath("rocketmq-broker"), {"-c", conf}, folder / "broker.txt");
  EXPECT_TRUE(broker.awaitOutput("boot success", seconds(20))) << broker.output();
  EXPECT_EQ(broker.stop(SIGTERM, seconds(10)), EXIT_SUCCESS) << broker.output();
}

}  // namespace
}  // namespace rocketmq::test

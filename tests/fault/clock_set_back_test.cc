// Promise: a clock that is set back under a running broker costs no message: what was acknowledged
// before and after is there in order, also after a kill, and keys of both sides are found.
// tests/unit/store/clock_test.cc looks at it in detail.

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>
#include <utility>

#include "common/local_time.h"
#include "tests/fault/load.h"
#include "tests/fault/rounds.h"
#include "tests/support/daemon.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

constexpr int64_t kHourSeconds = 3600;
constexpr int64_t kShiftSeconds = 48 * kHourSeconds;

/// "2026-01-31", so many seconds ago.
std::string dateBefore(int64_t seconds) {
  const std::time_t then = std::time(nullptr) - seconds;
  const std::tm local = localTime(then * 1000);
  std::array<char, 16> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d", &local)};
}

/// The wall clock of processes that are started while it exists; see clock_preload.cc.
class ShiftedClock {
 public:
  explicit ShiftedClock(std::string path) : path_(std::move(path)) {
    shift(0);
    ::setenv("CLOCK_SHIFT", path_.c_str(), 1);
  }
  ~ShiftedClock() { ::unsetenv("CLOCK_SHIFT"); }
  ShiftedClock(const ShiftedClock&) = delete;
  ShiftedClock& operator=(const ShiftedClock&) = delete;

  void startBroker(Cluster& cluster) {
    ::setenv("LD_PRELOAD", CLOCK_PRELOAD, 1);
    cluster.startBroker();
    ::unsetenv("LD_PRELOAD");
  }
  void shift(int64_t seconds) {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    if (!file) {
      file.open(path_, std::ios::binary | std::ios::out);
    }
    file.write(reinterpret_cast<const char*>(&seconds), sizeof(seconds));
    ASSERT_TRUE(file.flush().good());
  }

 private:
  const std::string path_;
};

TEST(ClockSetBack, CostsNoMessage) {
  const uint64_t seed = faultSeed();
  TempDir folder;
  ShiftedClock clock(folder / "shift");
  Cluster cluster(folder.path().string(), {{"mappedFileSizeCommitLog", "262144"},
                                           {"mappedFileSizeConsumeQueue", "4000"},
                                           {"maxMessageSize", "65536"},
                                           {"maxTransferCountOnMessageInMemory", "1000"},
                                           {"flushConsumeQueueThoroughInterval", "50"}});
  cluster.startNamesrv();
  clock.startBroker(cluster);
  Load load(cluster, "ClockSetBack", seed);
  load.send(500);
  clock.shift(-kShiftSeconds);
  load.send(500);
  // The broker's clock is back indeed.
  const std::string status = cluster.admin({"topicStatus", "-t", "ClockSetBack"}).output;
  EXPECT_TRUE(status.find(dateBefore(kShiftSeconds)) != std::string::npos ||
              status.find(dateBefore(kShiftSeconds + kHourSeconds)) != std::string::npos)
      << status;
  load.expectEverythingThere();
  ASSERT_FALSE(HasFailure());

  load.sendUntilKilled(300);
  clock.startBroker(cluster);
  load.expectEverythingThere();
  ASSERT_FALSE(HasFailure());
  // Another start with the clock back where it was.
  clock.shift(0);
  load.send(100);
  cluster.stopBroker();
  clock.startBroker(cluster);
  load.expectEverythingThere();
  EXPECT_TRUE(eventually([&] {
    return cluster.admin({"queryMsgByKey", "-t", "ClockSetBack", "-k", load.someKey()})
               .output.find(load.someMessageId()) != std::string::npos;
  }));
}

}  // namespace
}  // namespace rocketmq::test

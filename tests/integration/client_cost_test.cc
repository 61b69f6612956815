// What a client costs the process that it is in.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "tests/integration/client_modes_fixture.h"
#include "tests/support/sanitizers.h"

namespace rocketmq::test {
namespace {

using ClientCostTest = ClientModesFixture;

int64_t statusOfThisProcess(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) {
      return std::atoll(line.c_str() + name.size() + 1);
    }
  }
  return -1;
}

// The bars of one producer and one consumer that have worked: under 10 MiB, at most 4 threads
// besides the listeners'.
TEST_F(ClientCostTest, AClientCostsLittleMemoryAndFewThreads) {
  const int64_t kib_before = statusOfThisProcess("VmRSS");
  const int64_t threads_before = statusOfThisProcess("Threads");
  std::atomic<int> received{0};
  const auto consumer = consume(
      pushConfig(), [&](const std::vector<MessageExt>& messages, ConsumeConcurrentlyContext&) {
        received += static_cast<int>(messages.size());
        return ConsumeConcurrentlyStatus::kConsumeSuccess;
      });
  // In rounds: what is in flight counts as the application's.
  for (int wanted = 100; wanted <= 2000; wanted += 100) {
    std::atomic<int> sent{0};
    for (int i = 0; i < 100; ++i) {
      sender().send(Message(topic_, std::string(1024, 'x')),
                    {.on_success = [&](const SendResult&) { ++sent; }, .on_exception = nullptr});
    }
    ASSERT_TRUE(eventually([&] { return sent == 100 && received == wanted; }));
  }
  const int64_t kib = statusOfThisProcess("VmRSS") - kib_before;
  const int64_t threads = statusOfThisProcess("Threads") - threads_before;
  std::printf("one producer and one consumer: %lld KiB, %lld threads with at most 4 listeners\n",
              static_cast<long long>(kib), static_cast<long long>(threads));
  EXPECT_LT(kib, 10 * 1024 * memoryFactor());
  EXPECT_LE(threads, 4 + 4);
}

}  // namespace
}  // namespace rocketmq::test

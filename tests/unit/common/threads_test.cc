#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "common/gate.h"
#include "common/mutex.h"
#include "common/thread.h"

namespace rocketmq {
namespace {

constexpr auto kSoon = std::chrono::seconds(10);

TEST(GateTest, LetsNobodyInOnceItIsClosed) {
  Gate gate;
  EXPECT_TRUE(gate.enter());
  gate.close();
  EXPECT_FALSE(gate.enter());
  EXPECT_FALSE(gate.waitEmpty(std::chrono::steady_clock::now())) << "one is still inside";
  gate.leave();
  EXPECT_TRUE(gate.waitEmpty(std::chrono::steady_clock::now()));
}

TEST(GateTest, WaitsUntilTheLastOneLeft) {
  Gate gate;
  std::atomic<int> finished{0};
  std::vector<NamedThread> threads;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(gate.enter());
    threads.emplace_back("worker", [&] {
      ++finished;
      gate.leave();
    });
  }
  gate.close();
  ASSERT_TRUE(gate.waitEmpty(std::chrono::steady_clock::now() + kSoon));
  EXPECT_EQ(finished, 4);
}

TEST(CondVarTest, WakesTheOneThatWaitsAndKeepsTheMutex) {
  Mutex mutex;
  CondVar changed;
  bool ready = false;
  NamedThread thread("setter", [&] {
    const MutexLock lock(mutex);
    ready = true;
    changed.notifyOne();
  });
  const MutexLock lock(mutex);
  while (!ready) {
    ASSERT_TRUE(changed.waitUntil(mutex, std::chrono::steady_clock::now() + kSoon));
  }
  EXPECT_FALSE(changed.waitUntil(mutex, std::chrono::steady_clock::now()));
}

TEST(NamedThreadTest, CarriesItsNameCutToWhatTheSystemTakes) {
  std::string name(16, '\0');
  NamedThread thread("a name of more than 15 bytes",
                     [&name] { pthread_getname_np(pthread_self(), name.data(), name.size()); });
  thread.join();
  EXPECT_EQ(std::string(name.c_str()), "a name of more ");
  EXPECT_FALSE(thread.joinable());
}

TEST(NamedThreadTest, JoinsWhatItWasBeforeItBecomesAnother) {
  std::atomic<int> finished{0};
  NamedThread thread("first", [&finished] { ++finished; });
  thread = NamedThread("second", [&finished] { ++finished; });
  EXPECT_GE(finished, 1);
  thread.join();
  EXPECT_EQ(finished, 2);
}

}  // namespace
}  // namespace rocketmq

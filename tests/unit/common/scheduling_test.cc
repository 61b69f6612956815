#include "common/scheduling.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <thread>

namespace rocketmq {
namespace {

/// Of the calling thread, as the kernel sees it.
struct Seen {
  uint32_t policy = 0;
  int32_t nice = 0;
  uint64_t turn_ns = 0;  ///< 0 where the kernel knows no turns.
};

Seen look() {
  std::array<char, 48> attributes{};
  EXPECT_EQ(::syscall(SYS_sched_getattr, 0, attributes.data(), attributes.size(), 0), 0);
  Seen seen;
  std::memcpy(&seen.policy, attributes.data() + 4, sizeof(seen.policy));
  std::memcpy(&seen.nice, attributes.data() + 16, sizeof(seen.nice));
  std::memcpy(&seen.turn_ns, attributes.data() + 24, sizeof(seen.turn_ns));
  return seen;
}

TEST(SchedulingTest, ShortTurnsEndAndLeaveTheShareAlone) {
  const Seen before = look();
  if (before.turn_ns == 0) {
    GTEST_SKIP() << "this kernel knows no turns";
  }
  takeTurns(Turns::kShort);
  const Seen during = look();
  EXPECT_LT(during.turn_ns, before.turn_ns);
  EXPECT_EQ(during.nice, before.nice);
  takeTurns(Turns::kUsual);
  const Seen after = look();
  EXPECT_EQ(after.turn_ns, before.turn_ns);
  EXPECT_EQ(after.policy, before.policy);
}

/// Keeps the calling thread on the processor that it runs on.
void stayHere() {
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(static_cast<size_t>(::sched_getcpu()), &here);
  ASSERT_EQ(::sched_setaffinity(0, sizeof(here), &here), 0);
}

/// How often the calling thread gave up the processor while it used it for 50 ms.
int64_t switchesInFiftyMs() {
  const auto usage = [] {
    rusage now{};
    EXPECT_EQ(::getrusage(RUSAGE_THREAD, &now), 0);
    return now;
  };
  const auto micros = [](const rusage& at) {
    return (at.ru_utime.tv_sec + at.ru_stime.tv_sec) * 1'000'000 + at.ru_utime.tv_usec +
           at.ru_stime.tv_usec;
  };
  const rusage begin = usage();
  rusage now = begin;
  while (micros(now) - micros(begin) < 50'000) {
    giveWay();
    now = usage();
  }
  return now.ru_nivcsw - begin.ru_nivcsw;
}

// Promise: a thread with short turns that gives way lets others have its processor many times
// between two ticks of the system, of which there are at most 50 in this time; one with usual turns
// is left alone.
TEST(SchedulingTest, ShortTurnIsGivenUpWhenItIsOver) {
  std::thread([] {
    stayHere();
    std::atomic<bool> over{false};
    std::thread other([&over] {
      takeTurns(Turns::kShort);  // Else a yield would keep it away for long.
      while (!over) {
        ::sched_yield();
      }
    });
    const int64_t usual = switchesInFiftyMs();
    takeTurns(Turns::kShort);
    const int64_t short_turns = switchesInFiftyMs();
    over = true;
    other.join();
    EXPECT_GT(short_turns, 100) << "with usual turns " << usual;
  }).join();
}

}  // namespace
}  // namespace rocketmq

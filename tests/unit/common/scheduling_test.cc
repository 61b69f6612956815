#include "common/scheduling.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace rocketmq {
namespace {

/// Of the calling thread, as the kernel sees it.
struct Seen {
  int32_t nice = 0;
  uint64_t turn_ns = 0;  ///< 0 where the kernel knows no turns.
};

Seen look() {
  std::array<char, 48> attributes{};
  EXPECT_EQ(::syscall(SYS_sched_getattr, 0, attributes.data(), attributes.size(), 0), 0);
  Seen seen;
  std::memcpy(&seen.nice, attributes.data() + 16, sizeof(seen.nice));
  std::memcpy(&seen.turn_ns, attributes.data() + 24, sizeof(seen.turn_ns));
  return seen;
}

TEST(SchedulingTest, LongTurnsEndAndLeaveTheShareAlone) {
  const Seen before = look();
  if (before.turn_ns == 0) {
    GTEST_SKIP() << "this kernel knows no turns";
  }
  takeTurns(Turns::kLong);
  const Seen during = look();
  EXPECT_GT(during.turn_ns, before.turn_ns);
  EXPECT_EQ(during.nice, before.nice);
  takeTurns(Turns::kUsual);
  EXPECT_EQ(look().turn_ns, before.turn_ns);
}

}  // namespace
}  // namespace rocketmq

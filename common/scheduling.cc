#include "common/scheduling.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <utility>

namespace rocketmq {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::microseconds kShortTurn{250};
constexpr std::chrono::nanoseconds kUsualTurn{0};  // What the system is set to.

thread_local Turns turns_now = Turns::kUsual;
thread_local steady_clock::time_point turn_end;

/// The first version of the kernel's struct sched_attr, whose header does not go with <sched.h>.
struct SchedulerAttributes {
  uint32_t size = sizeof(SchedulerAttributes);
  uint32_t policy = 0;
  uint64_t flags = 0;
  int32_t nice = 0;
  uint32_t priority = 0;
  uint64_t runtime_ns = 0;
  uint64_t deadline_ns = 0;
  uint64_t period_ns = 0;
};

}  // namespace

void takeTurns(Turns turns) {
  if (std::exchange(turns_now, turns) == turns) {
    return;
  }
  SchedulerAttributes attributes;
  if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) == 0) {
    // A yield gives up what is left of the turn that the system plans with: with a longer one this
    // thread would hardly run beside others that do not yield.
    const std::chrono::nanoseconds turn = turns == Turns::kShort ? kShortTurn : kUsualTurn;
    attributes.runtime_ns = static_cast<uint64_t>(turn.count());
    // Who plans with short turns would else go first when it wakes up.
    attributes.policy = turns == Turns::kShort ? SCHED_BATCH : SCHED_OTHER;
    ::syscall(SYS_sched_setattr, 0, &attributes, 0);
  }
}

void giveWay() {
  if (turns_now != Turns::kShort) {
    return;
  }
  if (const auto now = steady_clock::now(); now >= turn_end) {
    ::sched_yield();
    turn_end = now + kShortTurn;
  }
}

}  // namespace rocketmq

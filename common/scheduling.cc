#include "common/scheduling.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

namespace rocketmq {
namespace {

/// Of the turns that the scheduler plans with. Threads with shorter ones go first when they wake
/// up.
constexpr uint64_t kLongTurnNs = 20'000'000;
constexpr uint64_t kUsualTurnNs = 0;  // What the system is set to.

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
  thread_local Turns now = Turns::kUsual;
  if (std::exchange(now, turns) == turns) {
    return;
  }
  SchedulerAttributes attributes;
  if (::syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) == 0) {
    attributes.runtime_ns = turns == Turns::kLong ? kLongTurnNs : kUsualTurnNs;
    ::syscall(SYS_sched_setattr, 0, &attributes, 0);
  }
}

}  // namespace rocketmq

#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

namespace rocketmq::test {

/// Processor time in seconds, in steps of the system's clock ticks.
struct CpuTime {
  double user = 0;
  double system = 0;
  double all() const { return user + system; }
};

/// What a process has used so far, all its threads together; nothing when it is gone.
CpuTime cpuTimeOf(pid_t pid);

/// Of the thread of a process with that name.
CpuTime cpuTimeOf(pid_t pid, const std::string& thread);

/// What the calling thread has used so far, exactly.
std::chrono::nanoseconds ownCpuTime();

}  // namespace rocketmq::test

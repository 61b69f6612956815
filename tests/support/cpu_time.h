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

/// True as soon as the threads of this process with that name have not woken up for `time`, false
/// when there is none or they go on.
bool restsFor(const std::string& thread, std::chrono::milliseconds time,
              std::chrono::milliseconds patience = std::chrono::seconds(20));

/// What the calling thread has used so far, exactly.
std::chrono::nanoseconds ownCpuTime();

}  // namespace rocketmq::test

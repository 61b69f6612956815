#include "tests/support/cpu_time.h"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "common/check.h"

namespace rocketmq::test {
namespace {

/// From a stat file of a process or thread in /proc; nothing when it is gone.
CpuTime cpuTimeIn(const std::string& stat_file) {
  std::ifstream file(stat_file);
  std::string text;
  std::getline(file, text);
  // Behind the name in parentheses no field has a space; these are the 12th and 13th.
  constexpr int kFieldsBefore = 11;
  std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  std::string skipped;
  for (int i = 0; i < kFieldsBefore; ++i) {
    fields >> skipped;
  }
  CpuTime time;
  fields >> time.user >> time.system;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return {.user = time.user / ticks, .system = time.system / ticks};
}

}  // namespace

CpuTime cpuTimeOf(pid_t pid) { return cpuTimeIn("/proc/" + std::to_string(pid) + "/stat"); }

CpuTime cpuTimeOf(pid_t pid, const std::string& thread) {
  std::error_code error;
  const std::filesystem::path tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, error)) {
    std::ifstream file(task.path() / "comm");
    std::string name;
    if (std::getline(file, name) && name == thread) {
      return cpuTimeIn(task.path() / "stat");
    }
  }
  return {};
}

std::chrono::nanoseconds ownCpuTime() {
  timespec used{};
  ROCKETMQ_CHECK(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) == 0);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace rocketmq::test

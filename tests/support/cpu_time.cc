#include "tests/support/cpu_time.h"

#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

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

/// The folders in /proc of the threads of a process with that name.
std::vector<std::filesystem::path> tasksOf(pid_t pid, const std::string& thread) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  const std::filesystem::path tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, error)) {
    std::ifstream file(task.path() / "comm");
    std::string name;
    if (std::getline(file, name) && name == thread) {
      found.push_back(task.path());
    }
  }
  return found;
}

/// How often each of them has given the processor up, and whether it wants it now; empty without
/// any.
std::string turnsOf(pid_t pid, const std::string& thread) {
  std::string turns;
  for (const auto& task : tasksOf(pid, thread)) {
    std::ifstream file(task / "status");
    for (std::string line; std::getline(file, line);) {
      if (line.find("ctxt_switches") != std::string::npos || line.starts_with("State:")) {
        turns += line;
      }
    }
  }
  return turns.find("(running)") == std::string::npos ? turns : std::string();
}

}  // namespace

CpuTime cpuTimeOf(pid_t pid) { return cpuTimeIn("/proc/" + std::to_string(pid) + "/stat"); }

CpuTime cpuTimeOf(pid_t pid, const std::string& thread) {
  const auto tasks = tasksOf(pid, thread);
  return tasks.empty() ? CpuTime{} : cpuTimeIn(tasks.front() / "stat");
}

bool restsFor(const std::string& thread, std::chrono::milliseconds time,
              std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  auto since = std::chrono::steady_clock::now();
  for (std::string before; std::chrono::steady_clock::now() < end;) {
    std::string now = turnsOf(::getpid(), thread);
    if (now.empty() || now != before) {
      before = std::move(now);
      since = std::chrono::steady_clock::now();
    } else if (std::chrono::steady_clock::now() - since > time) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

std::chrono::nanoseconds ownCpuTime() {
  timespec used{};
  ROCKETMQ_CHECK(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) == 0);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace rocketmq::test

#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "common/check.h"
#include "common/clock.h"
#include "store/message_store.h"

namespace rocketmq::bench {

/// The store at `root` with RocketMQ's settings; ends the process when it cannot be opened.
inline std::unique_ptr<store::MessageStore> openStore(const std::string& root,
                                                      bool queue_extension = false) {
  store::StoreOptions options;
  options.root_dir = root;
  options.queue_extension = queue_extension;
  auto opened = store::MessageStore::open(options, SystemClock::instance(), nullptr);
  if (!opened.ok()) {
    std::fprintf(stderr, "%s\n", opened.status().message().c_str());
    std::exit(1);
  }
  return std::move(*opened);
}

/// Runs `work` and prints how long it took.
inline void timed(const std::string& name, const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%-52s %8.3f s\n", name.c_str(), took.count());
  std::fflush(stdout);
}

/// Reads "--NAME=NUMBER" arguments, of which all are for `numbers`; anything else ends the process
/// with `usage`.
inline void readOptions(int argc, char** argv, const std::map<std::string, double*>& numbers,
                        const char* usage) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    const auto option = numbers.find(argument.substr(0, equals));
    if (equals == std::string::npos || option == numbers.end()) {
      std::fprintf(stderr, "usage: %s\n", usage);
      std::exit(1);
    }
    *option->second = std::strtod(argument.c_str() + equals + 1, nullptr);
  }
}

enum class StepEnd : uint8_t { kReturns, kKilled };

/// Runs a step in a process of its own, so that memory and mappings are those of the step and that
/// it can be killed where it returns.
inline void inProcess(const std::function<void()>& step, StepEnd end = StepEnd::kReturns) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  ROCKETMQ_CHECK(child >= 0);
  if (child == 0) {
    step();
    std::fflush(stdout);
    if (end == StepEnd::kKilled) {
      ::raise(SIGKILL);
    }
    ::_exit(0);
  }
  int status = 0;
  ROCKETMQ_CHECK(::waitpid(child, &status, 0) == child);
  ROCKETMQ_CHECK(end == StepEnd::kKilled ? WIFSIGNALED(status) : status == 0);
}

}  // namespace rocketmq::bench

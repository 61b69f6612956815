#include "tests/fault/processor_load.h"

#include <chrono>
#include <ctime>
#include <thread>

namespace rocketmq::test {
namespace {

/// What is taken at once: about what a daemon does before it looks at its sockets again.
constexpr std::chrono::microseconds kPiece{1000};

std::chrono::nanoseconds processorTime() {
  timespec used{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

}  // namespace

ProcessorLoad::ProcessorLoad(double part) : thread_("load", [this, part] { run(part); }) {}

ProcessorLoad::~ProcessorLoad() {
  over_ = true;
  thread_.join();
}

void ProcessorLoad::run(double part) const {
  const auto began = std::chrono::steady_clock::now();
  const auto took_before = processorTime();
  while (!over_) {
    const std::chrono::duration<double> lived = std::chrono::steady_clock::now() - began;
    const auto took = processorTime() - took_before;
    if (took > lived * part) {
      std::this_thread::sleep_for(kPiece);
      continue;
    }
    const auto enough = processorTime() + kPiece;
    while (processorTime() < enough) {
    }
  }
}

}  // namespace rocketmq::test

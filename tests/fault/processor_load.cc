#include "tests/fault/processor_load.h"

#include <chrono>
#include <thread>

#include "tests/support/cpu_time.h"

namespace rocketmq::test {
namespace {

/// What is taken at once: about what a daemon does before it looks at its sockets again.
constexpr std::chrono::microseconds kPiece{1000};

}  // namespace

ProcessorLoad::ProcessorLoad(double part) : thread_("load", [this, part] { run(part); }) {}

ProcessorLoad::~ProcessorLoad() {
  over_ = true;
  thread_.join();
}

void ProcessorLoad::run(double part) const {
  const auto began = std::chrono::steady_clock::now();
  const auto took_before = ownCpuTime();
  while (!over_) {
    const std::chrono::duration<double> lived = std::chrono::steady_clock::now() - began;
    const auto took = ownCpuTime() - took_before;
    if (took > lived * part) {
      std::this_thread::sleep_for(kPiece);
      continue;
    }
    const auto enough = ownCpuTime() + kPiece;
    while (ownCpuTime() < enough) {
    }
  }
}

}  // namespace rocketmq::test

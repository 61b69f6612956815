#pragma once

#include <atomic>

#include "common/thread.h"

namespace rocketmq::test {

/// Takes a part of one processor and does nothing with it.
///
/// Life: from the constructor to the destructor, on a thread of its own.
class ProcessorLoad {
 public:
  /// `part`: 0 to 1; what is above counts as 1.
  explicit ProcessorLoad(double part);
  ~ProcessorLoad();
  ProcessorLoad(const ProcessorLoad&) = delete;
  ProcessorLoad& operator=(const ProcessorLoad&) = delete;

 private:
  void run(double part) const;

  std::atomic<bool> over_{false};
  NamedThread thread_;
};

}  // namespace rocketmq::test

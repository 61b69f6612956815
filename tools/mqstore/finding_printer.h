#pragma once

#include <cstdint>

#include "store/inspect/finding.h"
#include "tools/mqstore/progress_line.h"

namespace rocketmq::mqstore {

/// Prints findings to standard output, a line each, and counts them. Threads: one.
class FindingPrinter {
 public:
  /// Lines beyond `lines_max` are counted but not printed.
  FindingPrinter(ProgressLine& progress, int64_t lines_max)
      : progress_(progress), lines_max_(lines_max) {}

  /// Must not outlive this object.
  store::inspect::FindingSink sink();

  int64_t faults() const { return faults_; }
  int64_t notes() const { return notes_; }
  /// Says how many lines were left out, if any.
  void finish() const;

 private:
  void print(const store::inspect::Finding& finding);

  ProgressLine& progress_;
  const int64_t lines_max_;
  int64_t faults_ = 0;
  int64_t notes_ = 0;
};

}  // namespace rocketmq::mqstore

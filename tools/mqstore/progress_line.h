#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "store/inspect/finding.h"

namespace rocketmq::mqstore {

/// A line on standard error that says how far a long run is, when that is a terminal; wiped away
/// before other output and at the end. Threads: one.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { wipe(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Empty, which costs nothing, when nobody would see it. Must not outlive this object.
  store::inspect::Progress callback();
  void wipe();

 private:
  void show(const char* what, int64_t done, int64_t all);

  const bool is_terminal_;
  bool is_shown_ = false;
  std::string what_;
  int64_t done_ = 0;
  std::chrono::steady_clock::time_point begun_at_;
  std::chrono::steady_clock::time_point shown_at_;
};

}  // namespace rocketmq::mqstore

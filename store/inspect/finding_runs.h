#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "store/inspect/finding.h"

namespace rocketmq::store::inspect {

/// "entry 7" or "entries 7 to 9".
inline std::string numbered(const std::string& one, const std::string& many, int64_t first,
                            int64_t last) {
  return first == last ? one + " " + std::to_string(first)
                       : many + " " + std::to_string(first) + " to " + std::to_string(last);
}

/// Joins findings of one kind and text about consecutive numbers into one, so that a lost file is a
/// line and not a million. Flush before it goes. Threads: one.
class FindingRuns {
 public:
  /// `one` and `many` name the numbered things: "entry", "entries". `sink` must outlive it.
  FindingRuns(const FindingSink& sink, std::string one, std::string many)
      : sink_(sink), one_(std::move(one)), many_(std::move(many)) {}

  /// `finding.what` goes on after "entry 7: ".
  void add(int64_t number, Finding finding) {
    if (count_ > 0 && number == first_ + count_ && finding.what == run_.what &&
        finding.kind == run_.kind) {
      ++count_;
      return;
    }
    flush();
    first_ = number;
    count_ = 1;
    run_ = std::move(finding);
  }

  void flush() {
    if (count_ == 0) {
      return;
    }
    run_.what = numbered(one_, many_, first_, first_ + count_ - 1) + ": " + run_.what;
    count_ = 0;
    sink_(run_);
  }

 private:
  const FindingSink& sink_;
  const std::string one_;
  const std::string many_;
  Finding run_;
  int64_t first_ = 0;
  int64_t count_ = 0;
};

}  // namespace rocketmq::store::inspect

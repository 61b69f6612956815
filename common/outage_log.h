#pragma once

#include <chrono>
#include <map>
#include <string>

#include "common/mutex.h"

namespace rocketmq {

/// Bounds the lines that say of one thing, such as a broker, that it does not work: the first is
/// due, and then one a minute for as long as that lasts. For what is tried again all the time.
///
/// Threads: any.
class OutageLog {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// True when a line about `what` is due.
  bool admit(const std::string& what, TimePoint now = std::chrono::steady_clock::now()) {
    MutexLock lock(mutex_);
    // What was told long ago says nothing any more: so the things of the past do not pile up.
    std::erase_if(told_, [now](const auto& entry) { return now - entry.second >= kPeriod; });
    return told_.try_emplace(what, now).second;
  }

  /// It works again: the next line is due at once.
  void end(const std::string& what) {
    MutexLock lock(mutex_);
    told_.erase(what);
  }

 private:
  static constexpr std::chrono::minutes kPeriod{1};

  Mutex mutex_;
  std::map<std::string, TimePoint> told_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq

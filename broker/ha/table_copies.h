#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "common/mutex.h"

namespace rocketmq::broker {

/// How the copying of a master's tables to its slave goes: what cannot be copied, and how old the
/// copies are. Threads: any.
class TableCopies {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  static constexpr std::string_view kTopics = "topics";
  static constexpr std::string_view kGroups = "consumer groups";
  static constexpr std::string_view kConsumerOffsets = "consumer offsets";
  static constexpr std::string_view kDelayOffsets = "delay offsets";

  explicit TableCopies(TimePoint now);

  /// The slave has taken over what the master had of one of the above.
  void noteTakenOver(std::string_view table, TimePoint now);

  /// Logs why something, be it one of the above or not, could not be copied from `master`: when
  /// that is news, and every ten minutes as long as it goes on. An empty `failure`: it could.
  void noteOutcome(std::string_view what, const std::string& failure, const std::string& master,
                   TimePoint now);

  /// Since all of the above have been taken over, by the oldest of them; from the beginning on as
  /// long as one never was.
  std::chrono::seconds age(TimePoint now) const;

 private:
  struct Failure {
    std::string text;  ///< Empty: it was copied.
    TimePoint logged;
  };

  mutable Mutex mutex_;
  std::map<std::string_view, TimePoint> taken_over_ ROCKETMQ_GUARDED_BY(mutex_);
  std::map<std::string, Failure, std::less<>> failures_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::broker

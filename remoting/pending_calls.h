#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "remoting/connection.h"

namespace rocketmq::remoting {

/// The calls of one connection that wait for their answer, by opaque (RocketMQ: responseTable).
///
/// Deadlines are rounded up to ticks of 8 ms, so that the many calls that end about the same time
/// share one entry of the ordered structure. Pure: takes `now`. Threads: one at a time.
class PendingCalls {
 public:
  using Callback = Connection::RawCallback;

  PendingCalls() = default;
  PendingCalls(const PendingCalls&) = delete;
  PendingCalls& operator=(const PendingCalls&) = delete;

  bool empty() const { return calls_.empty(); }
  size_t size() const { return calls_.size(); }

  /// False, with the callback left alone, when the opaque is already waiting.
  bool add(int32_t opaque, Deadline now, Deadline deadline, Callback& callback);

  /// Takes out the call that an answer belongs to; empty when it is not waiting (any more).
  Callback take(int32_t opaque);

  struct Expired {
    std::vector<Callback> callbacks;
    /// When the one that waited longest was added; Deadline::max() when there are none.
    Deadline first_added = Deadline::max();
  };

  /// Takes out the calls whose deadline has passed.
  Expired takeExpired(Deadline now);

  std::vector<Callback> takeAll();

  /// When takeExpired() has something next; nullopt when nothing waits.
  std::optional<Deadline> nextExpiry() const;

 private:
  /// Calls of one tick form a list through their entries, whose addresses are stable.
  struct Call {
    Callback callback;
    Deadline added;
    int64_t tick = 0;
    int32_t opaque = 0;
    Call* previous = nullptr;
    Call* next = nullptr;
  };

  void link(Call& call);
  void unlink(const Call& call);

  std::unordered_map<int32_t, Call> calls_;
  std::map<int64_t, Call*> ticks_;  // Tick to its first call; never null.
};

}  // namespace rocketmq::remoting

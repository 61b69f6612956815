#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "client/instance/client_error.h"
#include "client/instance/guard.h"
#include "client/instance/timers.h"
#include "common/mutex.h"
#include "rocketmq/message.h"

namespace rocketmq::client {

/// Messages sent with request() that wait for their reply, by correlation id (RocketMQ:
/// RequestFutureHolder). Threads: any; whoever ends a request calls its function, under no lock.
/// One timer stands for all: nothing of a request stays once it has ended, however long it might
/// have taken.
/// Life: an owner that closes its guard and then calls finishAll() hears of none of its requests
/// any more, and has heard of each.
class PendingRequests {
 public:
  using Done = std::function<void(Outcome<Message>)>;
  static constexpr size_t kRequestsMax = 65'536;

  struct Limit {
    std::chrono::steady_clock::time_point deadline;
    std::function<ClientError()> error;  ///< What the request ends with at that time.
  };

  /// Before the first request. `timers` are stopped before this is destroyed.
  void useTimers(Timers& timers) { timers_ = &timers; }

  /// False when too many wait already. `owner` is only compared; `done` is called only while its
  /// `guard` is open, or by finishAll().
  bool add(const std::string& id, const void* owner, const Guard& guard, Limit limit, Done done);

  /// Ends a request; nothing when it has ended before, or its owner's guard is closed.
  void finish(const std::string& id, const Outcome<Message>& outcome);
  /// Ends all requests of an owner whose guard is closed.
  void finishAll(const void* owner, const ClientError& error);
  /// Takes a request out without a word; false when it has ended.
  bool remove(const std::string& id);

 private:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Entry {
    const void* owner = nullptr;
    Guard guard;
    Limit limit;
    Done done;
  };
  using Entries = std::map<std::string, Entry>;

  /// Null when the request has ended.
  Done take(const std::string& id);
  Entries::iterator eraseLocked(Entries::iterator entry) ROCKETMQ_REQUIRES(mutex_);
  void armLocked() ROCKETMQ_REQUIRES(mutex_);
  /// The timer's work.
  void endOverdue(TimePoint armed_for);

  Timers* timers_ = nullptr;
  Mutex mutex_;
  Entries entries_ ROCKETMQ_GUARDED_BY(mutex_);
  /// When the open requests are to be ended, those that have been ended in vain left out.
  std::set<std::pair<TimePoint, std::string>> deadlines_ ROCKETMQ_GUARDED_BY(mutex_);
  /// What the timer waits for; others that still run are of no account.
  TimePoint armed_for_ ROCKETMQ_GUARDED_BY(mutex_) = TimePoint::max();
};

}  // namespace rocketmq::client

#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>

#include "client/instance/client_error.h"
#include "client/instance/guard.h"
#include "common/mutex.h"
#include "rocketmq/message.h"

namespace rocketmq::client {

/// Messages sent with request() that wait for their reply, by correlation id (RocketMQ:
/// RequestFutureHolder). Threads: any; whoever ends a request calls its function, under no lock.
/// Life: an owner that closes its guard and then calls finishAll() hears of none of its requests
/// any more, and has heard of each.
class PendingRequests {
 public:
  using Done = std::function<void(Outcome<Message>)>;
  static constexpr size_t kRequestsMax = 65'536;

  /// False when too many wait already. `owner` is only compared; `done` is called only while its
  /// `guard` is open, or by finishAll().
  bool add(const std::string& id, const void* owner, const Guard& guard, Done done);

  /// Ends a request; nothing when it has ended before, or its owner's guard is closed.
  void finish(const std::string& id, const Outcome<Message>& outcome);
  /// Ends all requests of an owner whose guard is closed.
  void finishAll(const void* owner, const ClientError& error);
  /// Takes a request out without a word; false when it has ended.
  bool remove(const std::string& id);

 private:
  struct Entry {
    const void* owner = nullptr;
    Guard guard;
    Done done;
  };

  /// Null when the request has ended.
  Done take(const std::string& id);

  Mutex mutex_;
  std::map<std::string, Entry> entries_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::client

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <span>
#include <string>

#include "common/mutex.h"
#include "remoting/connection.h"

namespace rocketmq::broker {

/// The consumer groups whose members are still to be told that something has changed, in the order
/// in which it has. A group that changes again before its turn has still one turn.
///
/// Threads: any.
class GroupNotices {
 public:
  /// How far the telling of one group has come: the connections below `next_connection` know.
  struct Turn {
    std::string group;
    uint64_t next_connection = 0;

    bool isBegun() const { return next_connection > 0; }
  };

  void add(const std::string& group);
  /// All turns; they are the caller's until he gives them back.
  std::deque<Turn> take();
  /// What the caller has not come to. It stays before what has been added since.
  void giveBack(std::deque<Turn> turns);
  /// The group's turn begins: what changes from now on needs another one.
  void begin(const std::string& group);

  bool empty() const {
    MutexLock lock(mutex_);
    return turns_.empty();
  }

 private:
  mutable Mutex mutex_;
  std::deque<Turn> turns_ ROCKETMQ_GUARDED_BY(mutex_);
  std::set<std::string, std::less<>> waiting_ ROCKETMQ_GUARDED_BY(mutex_);  ///< Not begun.
};

/// Sends NOTIFY_CONSUMER_IDS_CHANGED, which is written once for all.
void tellChanged(const std::string& group, std::span<const remoting::ConnectionPtr> members);

}  // namespace rocketmq::broker

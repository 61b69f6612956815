#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "broker/group/queue_locks_file.h"
#include "broker/string_map.h"
#include "common/model/message_queue.h"
#include "common/mutex.h"
#include "common/status.h"

namespace rocketmq::broker {

/// Which client of a group may consume which queue in order (RocketMQ: RebalanceLockManager). A
/// lock belongs to its client until `lifetime` after it was last taken or renewed.
///
/// Bound:      256 MiB, a million locks with names as they are usual. Threads: any; sharded by
///             group.
/// Durability: the owners as of the last persist(), which the broker calls after each change. A
///             client trusts its lock for longer than a broker takes to start, so a broker that
///             had forgotten the owners would let the first client that comes back into the
///             queues of the others. (RocketMQ forgets them.)
class QueueLocks {
 public:
  explicit QueueLocks(std::string path,
                      std::chrono::milliseconds lifetime = std::chrono::milliseconds(60'000))
      : path_(std::move(path)), lifetime_(lifetime) {}

  /// Of Clock::monotonic(): by a wall clock that is set back, the locks of a client that has gone
  /// would live on.
  using TimePoint = std::chrono::steady_clock::time_point;
  using Queue = model::MessageQueue;
  using Queues = std::set<Queue>;

  /// Takes the owners from the file, as if all had renewed their locks at `now`: when they last did
  /// is not written. A file that cannot be read is logged and is as none. For the start.
  void load(TimePoint now);

  /// Writes the owners when any has changed since they were last written. Blocks. One at a time.
  Status persist();

  /// Takes or renews the locks it can and returns those queues.
  Queues lock(std::string_view group, std::string_view client_id, const Queues& queues,
              TimePoint now);

  /// Gives up locks that `client_id` holds; others are left alone.
  void unlock(std::string_view group, std::string_view client_id, const Queues& queues);

  /// Removes locks that expired, so that groups that went away leave nothing behind.
  void removeExpired(TimePoint now);

 private:
  struct Lock {
    std::string client_id;
    TimePoint renewed_at;
  };
  using Locks = std::map<Queue, Lock>;
  struct Shard {
    mutable Mutex mutex;
    StringMap<Locks> groups ROCKETMQ_GUARDED_BY(mutex);
    size_t bytes ROCKETMQ_GUARDED_BY(mutex) = 0;  ///< See bytesOf().
  };
  static constexpr size_t kShards = 16;
  /// Per shard, room for some 65,000 locks; a queue more is not locked, and its client tries again
  /// later.
  static constexpr size_t kBytesMax = 16u << 20;
  /// Per shard; the file, which is written whole, stays small enough to be written often. What is
  /// beyond is forgotten by a broker that stops.
  static constexpr size_t kBytesInFileMax = 2u << 20;

  Shard& shardOf(std::string_view group) { return shards_[StringHash{}(group) % kShards]; }
  const Shard& shardOf(std::string_view group) const {
    return shards_[StringHash{}(group) % kShards];
  }

  /// What a lock takes, or a little more: the group's name counts with each.
  static size_t bytesOf(std::string_view group, const Queue& queue, std::string_view client_id);
  bool expired(const Lock& lock, TimePoint now) const { return now - lock.renewed_at > lifetime_; }

  QueueLocksFile file() const;
  void noteChange() { changes_.fetch_add(1, std::memory_order_release); }

  const std::string path_;
  const std::chrono::milliseconds lifetime_;
  std::array<Shard, kShards> shards_;
  std::atomic<uint64_t> changes_{0};  ///< Of owners.

  Mutex persist_mutex_;
  uint64_t persisted_changes_ ROCKETMQ_GUARDED_BY(persist_mutex_) = 0;
};

}  // namespace rocketmq::broker

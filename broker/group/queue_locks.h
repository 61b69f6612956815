#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "broker/string_map.h"
#include "common/clock.h"
#include "common/model/message_queue.h"
#include "common/mutex.h"

namespace rocketmq::broker {

/// Which client of a group may consume which queue in order (RocketMQ: RebalanceLockManager). A
/// lock belongs to its client until `lifetime` after it was last taken or renewed.
///
/// Bound: some million locks. Threads: any; sharded by group. Not kept over a restart: clients
/// renew every 20 s.
class QueueLocks {
 public:
  explicit QueueLocks(std::chrono::milliseconds lifetime = std::chrono::milliseconds(60'000))
      : lifetime_ms_(lifetime.count()) {}

  using Queue = model::MessageQueue;
  using Queues = std::set<Queue>;

  /// Takes or renews the locks it can and returns those queues.
  Queues lock(std::string_view group, std::string_view client_id, const Queues& queues,
              TimestampMs now);

  /// Gives up locks that `client_id` holds; others are left alone.
  void unlock(std::string_view group, std::string_view client_id, const Queues& queues);

  /// Whether anybody holds an unexpired lock of the group.
  bool anyLocked(std::string_view group, TimestampMs now) const;

  /// Removes locks that expired, so that groups that went away leave nothing behind.
  void removeExpired(TimestampMs now);

 private:
  struct Lock {
    std::string client_id;
    TimestampMs renewed_ms = 0;
  };
  struct Shard {
    mutable Mutex mutex;
    StringMap<std::map<Queue, Lock>> groups ROCKETMQ_GUARDED_BY(mutex);
    size_t locks ROCKETMQ_GUARDED_BY(mutex) = 0;  ///< Of all groups.
  };
  static constexpr size_t kShards = 16;
  /// Per shard; a queue more is not locked, and its client tries again later.
  static constexpr size_t kLocksMax = 65'536;

  Shard& shardOf(std::string_view group) { return shards_[StringHash{}(group) % kShards]; }
  const Shard& shardOf(std::string_view group) const {
    return shards_[StringHash{}(group) % kShards];
  }

  bool expired(const Lock& lock, TimestampMs now) const {
    return now - lock.renewed_ms > lifetime_ms_;
  }

  const int64_t lifetime_ms_;
  std::array<Shard, kShards> shards_;
};

}  // namespace rocketmq::broker

#include "broker/group/queue_locks.h"

#include <iterator>

namespace rocketmq::broker {

QueueLocks::Queues QueueLocks::lock(std::string_view group, std::string_view client_id,
                                    const Queues& queues, TimestampMs now) {
  Queues owned;
  Shard& shard = shardOf(group);
  MutexLock guard(shard.mutex);
  auto locks = shard.groups.find(group);
  if (locks == shard.groups.end()) {
    locks = shard.groups.emplace(std::string(group), std::map<Queue, Lock>{}).first;
  }
  for (const Queue& queue : queues) {
    const auto known = locks->second.find(queue);
    if (known == locks->second.end() && shard.locks >= kLocksMax) {
      continue;
    }
    shard.locks += static_cast<size_t>(known == locks->second.end());
    Lock& lock = locks->second[queue];
    if (lock.client_id != client_id) {
      if (!lock.client_id.empty() && !expired(lock, now)) {
        continue;
      }
      lock.client_id = client_id;
    }
    lock.renewed_ms = now;
    owned.insert(owned.end(), queue);
  }
  if (locks->second.empty()) {
    shard.groups.erase(locks);
  }
  return owned;
}

void QueueLocks::unlock(std::string_view group, std::string_view client_id, const Queues& queues) {
  Shard& shard = shardOf(group);
  MutexLock guard(shard.mutex);
  const auto locks = shard.groups.find(group);
  if (locks == shard.groups.end()) {
    return;
  }
  for (const Queue& queue : queues) {
    const auto lock = locks->second.find(queue);
    if (lock != locks->second.end() && lock->second.client_id == client_id) {
      locks->second.erase(lock);
      --shard.locks;
    }
  }
  if (locks->second.empty()) {
    shard.groups.erase(locks);
  }
}

bool QueueLocks::anyLocked(std::string_view group, TimestampMs now) const {
  const Shard& shard = shardOf(group);
  MutexLock guard(shard.mutex);
  const auto locks = shard.groups.find(group);
  if (locks == shard.groups.end()) {
    return false;
  }
  for (const auto& [queue, lock] : locks->second) {
    if (!expired(lock, now)) {
      return true;
    }
  }
  return false;
}

void QueueLocks::removeExpired(TimestampMs now) {
  for (Shard& shard : shards_) {
    MutexLock guard(shard.mutex);
    for (auto group = shard.groups.begin(); group != shard.groups.end();) {
      shard.locks -= std::erase_if(
          group->second, [this, now](const auto& lock) { return expired(lock.second, now); });
      group = group->second.empty() ? shard.groups.erase(group) : std::next(group);
    }
  }
}

}  // namespace rocketmq::broker

#include "broker/group/queue_locks.h"

#include <iterator>

#include "broker/config_file.h"
#include "common/log.h"

namespace rocketmq::broker {

void QueueLocks::load(TimePoint now) {
  const Result<QueueLocksFile> file = loadConfigFile<QueueLocksFile>(path_);
  if (!file.ok()) {
    log::warn("clients may consume queues in order that others still hold, for half a minute: {}",
              file.status().message());
    return;
  }
  for (const remoting::LockBatchBody& owner : (*file).locks) {
    lock(owner.consumer_group, owner.client_id, owner.mq_set, now);
  }
}

Status QueueLocks::persist() {
  MutexLock lock(persist_mutex_);
  // Read before the owners: what changes meanwhile is written the next time.
  const uint64_t changes = changes_.load(std::memory_order_acquire);
  if (changes == persisted_changes_) {
    return Status::ok();
  }
  ROCKETMQ_RETURN_IF_ERROR(saveConfigFile(path_, file()));
  persisted_changes_ = changes;
  return Status::ok();
}

QueueLocksFile QueueLocks::file() const {
  QueueLocksFile file;
  for (const Shard& shard : shards_) {
    MutexLock guard(shard.mutex);
    size_t room = kBytesInFileMax;
    for (const auto& [group, locks] : shard.groups) {
      std::map<std::string_view, Queues> owners;
      for (const auto& [queue, lock] : locks) {
        const size_t bytes = bytesOf(group, queue, lock.client_id);
        if (bytes <= room) {
          room -= bytes;
          owners[lock.client_id].insert(queue);
        }
      }
      for (auto& [client_id, queues] : owners) {
        remoting::LockBatchBody& owner = file.locks.emplace_back();
        owner.client_id = client_id;
        owner.consumer_group = group;
        owner.mq_set = std::move(queues);
      }
    }
  }
  return file;
}

size_t QueueLocks::bytesOf(std::string_view group, const Queue& queue, std::string_view client_id) {
  constexpr size_t kNodeBytes = 144;
  return kNodeBytes + group.size() + queue.topic.size() + queue.broker_name.size() +
         client_id.size();
}

QueueLocks::Queues QueueLocks::lock(std::string_view group, std::string_view client_id,
                                    const Queues& queues, TimePoint now) {
  Queues owned;
  Shard& shard = shardOf(group);
  MutexLock guard(shard.mutex);
  auto locks = shard.groups.find(group);
  if (locks == shard.groups.end()) {
    locks = shard.groups.emplace(std::string(group), Locks{}).first;
  }
  for (const Queue& queue : queues) {
    auto place = locks->second.find(queue);
    const bool is_known = place != locks->second.end();
    if (!is_known || place->second.client_id != client_id) {
      if (is_known && !expired(place->second, now)) {
        continue;
      }
      const size_t before = is_known ? bytesOf(group, queue, place->second.client_id) : 0;
      const size_t bytes = shard.bytes - before + bytesOf(group, queue, client_id);
      if (bytes > kBytesMax) {
        continue;
      }
      shard.bytes = bytes;
      place = locks->second.try_emplace(queue).first;
      place->second.client_id = client_id;
      noteChange();
    }
    place->second.renewed_at = now;
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
      shard.bytes -= bytesOf(group, queue, client_id);
      noteChange();
    }
  }
  if (locks->second.empty()) {
    shard.groups.erase(locks);
  }
}

void QueueLocks::removeExpired(TimePoint now) {
  for (Shard& shard : shards_) {
    MutexLock guard(shard.mutex);
    for (auto group = shard.groups.begin(); group != shard.groups.end();) {
      size_t bytes = 0;
      std::erase_if(group->second, [&](const auto& entry) {
        const auto& [queue, lock] = entry;
        bytes += expired(lock, now) ? bytesOf(group->first, queue, lock.client_id) : 0;
        return expired(lock, now);
      });
      if (bytes > 0) {
        shard.bytes -= bytes;
        noteChange();
      }
      group = group->second.empty() ? shard.groups.erase(group) : std::next(group);
    }
  }
}

}  // namespace rocketmq::broker

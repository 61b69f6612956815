#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/string_map.h"
#include "common/mutex.h"

namespace rocketmq::broker {

/// Differs each time and from every other: what marks a version of one of all tables.
inline uint64_t nextStatsStamp() {
  static std::atomic<uint64_t> stamps{0};
  return stamps.fetch_add(1, std::memory_order_relaxed) + 1;
}

/// Statistics of one kind by key (RocketMQ: StatsItemSet).
///
/// A thread that counts remembers the entries it used last: it takes no lock and allocates nothing
/// for a key that comes again.
///
/// Bound: 100,000 keys; what comes under further keys is not counted. Threads: any; sharded.
template <class Entry>
class StatsTable {
 public:
  static constexpr size_t kKeysMax = 100'000;

  /// The entry, made of `arguments` when missing; nullptr at the bound. Valid until this thread
  /// calls use() again.
  template <class... Arguments>
  Entry* use(std::string_view key, const Arguments&... arguments) {
    const size_t hash = StringHash{}(key);
    Slot& slot = slotOf(hash);
    const uint64_t stamp = stamp_.load(std::memory_order_acquire);
    if (slot.stamp == stamp && slot.key == key) {
      return slot.entry.get();
    }
    std::shared_ptr<Entry> entry = findOrAdd(hash, key, arguments...);
    if (entry == nullptr) {
      return nullptr;
    }
    slot.stamp = stamp;
    slot.key = key;
    slot.entry = std::move(entry);
    return slot.entry.get();
  }

  /// nullptr for a key nothing was ever counted under.
  std::shared_ptr<const Entry> find(std::string_view key) const {
    const Shard& shard = shards_[StringHash{}(key) % kShards];
    MutexLock lock(shard.mutex);
    const auto found = shard.entries.find(key);
    return found == shard.entries.end() ? nullptr : found->second;
  }

  /// Calls `visit(key, entry)` for every entry, under no lock.
  template <class Visit>
  void forEach(const Visit& visit) const {
    std::vector<std::pair<std::string, std::shared_ptr<Entry>>> copy;
    for (const Shard& shard : shards_) {
      copy.clear();
      {
        MutexLock lock(shard.mutex);
        copy.assign(shard.entries.begin(), shard.entries.end());
      }
      for (const auto& [key, entry] : copy) {
        visit(std::string_view(key), *entry);
      }
    }
  }

  /// Forgets the entries that `gone(key, entry)` picks; what a thread is counting into one of them
  /// is lost with it.
  template <class Gone>
  void removeIf(const Gone& gone) {
    size_t removed = 0;
    for (Shard& shard : shards_) {
      MutexLock lock(shard.mutex);
      removed += std::erase_if(shard.entries,
                               [&](const auto& entry) { return gone(entry.first, *entry.second); });
    }
    if (removed > 0) {
      keys_.fetch_sub(removed, std::memory_order_relaxed);
      // After the removal: whoever remembers an entry under the new stamp has looked since.
      stamp_.store(nextStatsStamp(), std::memory_order_release);
    }
  }

  size_t size() const { return keys_.load(std::memory_order_relaxed); }

 private:
  static constexpr size_t kShards = 16;
  static constexpr size_t kSlots = 128;

  struct Shard {
    mutable Mutex mutex;
    StringMap<std::shared_ptr<Entry>> entries ROCKETMQ_GUARDED_BY(mutex);
  };
  struct Slot {
    uint64_t stamp = 0;
    std::string key;
    std::shared_ptr<Entry> entry;
  };

  /// Shared by all tables of the type; the stamp tells whose entry it is.
  static Slot& slotOf(size_t hash) {
    thread_local std::array<Slot, kSlots> slots;
    return slots[hash / kShards % kSlots];
  }

  template <class... Arguments>
  std::shared_ptr<Entry> findOrAdd(size_t hash, std::string_view key,
                                   const Arguments&... arguments) {
    Shard& shard = shards_[hash % kShards];
    MutexLock lock(shard.mutex);
    if (const auto found = shard.entries.find(key); found != shard.entries.end()) {
      return found->second;
    }
    if (keys_.load(std::memory_order_relaxed) >= kKeysMax) {
      return nullptr;
    }
    keys_.fetch_add(1, std::memory_order_relaxed);
    return shard.entries.emplace(std::string(key), std::make_shared<Entry>(arguments...))
        .first->second;
  }

  std::array<Shard, kShards> shards_;
  std::atomic<size_t> keys_{0};
  std::atomic<uint64_t> stamp_{nextStatsStamp()};
};

}  // namespace rocketmq::broker

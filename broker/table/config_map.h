#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/string_map.h"
#include "common/mutex.h"

namespace rocketmq::broker {

/// Immutable configs by name. A change costs the same whatever the map holds, and a config that was
/// found stays as it is when it is replaced.
///
/// Threads: find() and size() any; a look-up takes one shard's mutex for its moment and allocates
/// nothing. Changes, and all(), by one thread at a time.
template <class Config>
class ConfigMap {
 public:
  using Ptr = std::shared_ptr<const Config>;

  /// nullptr when there is none.
  Ptr find(std::string_view name) const {
    const Shard& shard = shardOf(name);
    MutexLock lock(shard.mutex);
    const auto found = shard.configs.find(name);
    return found == shard.configs.end() ? nullptr : found->second;
  }

  size_t size() const { return size_.load(std::memory_order_relaxed); }

  void put(std::string_view name, Config config) {
    auto next = std::make_shared<const Config>(std::move(config));
    Shard& shard = shardOf(name);
    MutexLock lock(shard.mutex);
    const auto [place, is_new] = shard.configs.insert_or_assign(std::string(name), std::move(next));
    size_.fetch_add(is_new ? 1 : 0, std::memory_order_relaxed);
  }

  /// False when there was none.
  bool erase(std::string_view name) {
    Shard& shard = shardOf(name);
    MutexLock lock(shard.mutex);
    const auto found = shard.configs.find(name);
    if (found == shard.configs.end()) {
      return false;
    }
    shard.configs.erase(found);
    size_.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }

  /// Becomes `configs`. No reader misses a name that is there before and after.
  void assign(std::map<std::string, Config> configs) {
    std::array<StringMap<Ptr>, kShards> next;
    const size_t count = configs.size();
    for (auto& [name, config] : configs) {
      next[indexOf(name)].emplace(name, std::make_shared<const Config>(std::move(config)));
    }
    for (size_t i = 0; i < kShards; ++i) {
      MutexLock lock(shards_[i].mutex);
      shards_[i].configs.swap(next[i]);
    }
    size_.store(count, std::memory_order_relaxed);
  }

  std::vector<std::pair<std::string, Ptr>> all() const {
    std::vector<std::pair<std::string, Ptr>> configs;
    configs.reserve(size());
    for (const Shard& shard : shards_) {
      MutexLock lock(shard.mutex);
      configs.insert(configs.end(), shard.configs.begin(), shard.configs.end());
    }
    return configs;
  }

 private:
  static constexpr size_t kShards = 64;

  struct Shard {
    mutable Mutex mutex;
    StringMap<Ptr> configs ROCKETMQ_GUARDED_BY(mutex);
  };

  static size_t indexOf(std::string_view name) { return StringHash{}(name) % kShards; }
  Shard& shardOf(std::string_view name) { return shards_[indexOf(name)]; }
  const Shard& shardOf(std::string_view name) const { return shards_[indexOf(name)]; }

  std::array<Shard, kShards> shards_;
  std::atomic<size_t> size_{0};
};

}  // namespace rocketmq::broker

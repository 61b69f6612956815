#include "remoting/rpc_latency.h"

#include <algorithm>
#include <map>

#include "common/sharded_counter.h"

namespace rocketmq::remoting {

RpcLatency::RpcLatency() : shards_(std::make_unique<std::array<Shard, kShards>>()) {}

uint64_t RpcLatency::pack(const Key& key) {
  return (uint64_t{static_cast<uint32_t>(key.request_code)} << 32) |
         (uint64_t{static_cast<uint32_t>(key.response_code) & 0xFFFFFF} << 8) |
         (uint64_t{static_cast<uint8_t>(key.kind)} + 1);
}

RpcLatency::Key RpcLatency::unpack(uint64_t packed) {
  return {.request_code = static_cast<int32_t>(packed >> 32),
          .response_code = static_cast<ResponseCode>((packed >> 8) & 0xFFFFFF),
          .kind = static_cast<Kind>((packed & 0xFF) - 1)};
}

RpcLatency::Slot* RpcLatency::find(Shard& shard, uint64_t packed) {
  constexpr uint64_t kMix = 0x9E3779B97F4A7C15;
  for (size_t i = (packed * kMix) >> 56;; i = (i + 1) % kSlots) {
    Slot& slot = shard.slots[i];
    uint64_t held = slot.key.load(std::memory_order_relaxed);
    if (held == packed) {
      return &slot;
    }
    if (held != 0) {
      continue;
    }
    // A few more when threads come together here, which is why there are more slots.
    if (shard.used.load(std::memory_order_relaxed) >= kSeriesMax) {
      return nullptr;
    }
    if (slot.key.compare_exchange_strong(held, packed, std::memory_order_relaxed)) {
      shard.used.fetch_add(1, std::memory_order_relaxed);
      return &slot;
    }
    if (held == packed) {
      return &slot;
    }
  }
}

void RpcLatency::note(const Key& key, std::chrono::nanoseconds took) {
  Shard& shard = (*shards_)[threadNumber() % kShards];
  Slot* slot = find(shard, pack(key));
  if (slot == nullptr) {
    slot = &shard.overflow;
  }
  const int64_t took_us = took.count() / 1000;
  size_t bucket = 0;
  while (bucket < kLimitsMs.size() && took_us > kLimitsMs[bucket] * 1000) {
    ++bucket;
  }
  slot->counts[bucket].fetch_add(1, std::memory_order_relaxed);
  slot->sum_us.fetch_add(took_us, std::memory_order_relaxed);
}

std::vector<RpcLatency::Series> RpcLatency::series() const {
  std::map<Key, Series> by_key;
  const auto add = [&by_key](const Slot& slot, const Key& key) {
    Series& series = by_key[key];
    series.key = key;
    for (size_t i = 0; i < series.counts.size(); ++i) {
      series.counts[i] += slot.counts[i].load(std::memory_order_relaxed);
    }
    series.sum_us += slot.sum_us.load(std::memory_order_relaxed);
  };
  for (const Shard& shard : *shards_) {
    for (const Slot& slot : shard.slots) {
      if (const uint64_t packed = slot.key.load(std::memory_order_relaxed); packed != 0) {
        add(slot, unpack(packed));
      }
    }
    add(shard.overflow, Key{});
  }
  std::vector<Series> all;
  for (const auto& [key, series] : by_key) {
    if (std::ranges::any_of(series.counts, [](int64_t count) { return count > 0; })) {
      all.push_back(series);
    }
  }
  return all;
}

}  // namespace rocketmq::remoting

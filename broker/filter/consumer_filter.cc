#include "broker/filter/consumer_filter.h"

#include <algorithm>
#include <utility>

namespace rocketmq::broker {

ConsumerFilter::ConsumerFilter(const Identity& identity, const BloomFilter& bloom,
                               std::shared_ptr<const store::MessageFilter> compiled,
                               TimestampMs born_ms)
    : group_(identity.group),
      topic_(identity.topic),
      type_(identity.type),
      expression_(identity.expression),
      compiled_(std::move(compiled)),
      // RocketMQ parity: the name that is hashed.
      positions_(bloom.positionsOf(group_ + "#" + topic_)),
      map_bytes_(static_cast<size_t>(bloom.bytes())),
      born_ms_(born_ms) {}

void ConsumerFilter::markDead(TimestampMs now_ms) {
  // RocketMQ parity: dead means that deadTime is not below bornTime.
  TimestampMs alive = 0;
  dead_ms_.compare_exchange_strong(
      alive, std::max(now_ms, born_ms_.load(std::memory_order_relaxed)), std::memory_order_relaxed);
}

model::ConsumerFilterData ConsumerFilter::data() const {
  const TimestampMs dead_ms = deadSince();
  return {
      .bloom_filter_data = model::BloomFilterData{.bit_num = static_cast<int32_t>(map_bytes_ * 8),
                                                  .bit_pos = positions_},
      .born_time = born_ms_.load(std::memory_order_relaxed),
      .client_version = version_.load(std::memory_order_relaxed),
      .consumer_group = group_,
      .dead = dead_ms != 0,
      .dead_time = dead_ms,
      .expression = expression_,
      .expression_type = type_,
      .topic = topic_};
}

bool ConsumerFilter::matchesBitMap(int64_t physical_offset, std::string_view bit_map) const {
  return bit_map.size() != map_bytes_ ||
         physical_offset < born_at_.load(std::memory_order_acquire) ||
         is_retired_.load(std::memory_order_acquire) || BloomFilter::areSet(positions_, bit_map);
}

}  // namespace rocketmq::broker

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/filter/bloom_filter.h"
#include "common/clock.h"
#include "common/model/consumer_filter_data.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// One group's expression on one topic: decides which messages the group's pulls get, by the bit
/// maps where they have its answer, else by the properties (RocketMQ: ConsumerFilterData with
/// ExpressionMessageFilter).
///
/// It is alive while the group has the subscription. Made and kept by ConsumerFilters.
/// Threads: any; nothing but when it died, its version and since when maps count ever changes.
class ConsumerFilter final : public store::MessageFilter {
 public:
  struct Identity {
    std::string_view group;
    std::string_view topic;
    std::string_view type;
    std::string_view expression;
  };
  /// `compiled` is the expression.
  ConsumerFilter(const Identity& identity, const BloomFilter& bloom,
                 std::shared_ptr<const store::MessageFilter> compiled, TimestampMs born_ms);

  const std::string& group() const { return group_; }
  const std::string& topic() const { return topic_; }
  bool hasExpression(std::string_view type, std::string_view expression) const {
    return type_ == type && expression_ == expression;
  }
  std::span<const int32_t> positions() const { return positions_; }

  // The group's subscription.

  void setVersion(int64_t version) { version_.store(version, std::memory_order_relaxed); }
  /// Nobody subscribes any more; keeps the first time when it is dead already.
  void markDead(TimestampMs now_ms);
  void markAlive() { dead_ms_.store(0, std::memory_order_relaxed); }
  /// When it died; 0 while it is alive.
  TimestampMs deadSince() const { return dead_ms_.load(std::memory_order_relaxed); }

  // Its part in the bit maps.

  /// Messages from that log offset on have this filter's answer in their map, or no map. Until this
  /// is called maps do not count.
  void setBornAt(int64_t physical_offset) {
    born_at_.store(physical_offset, std::memory_order_release);
  }
  /// Messages stored after that time, for a Java broker that reads the file.
  void setBornTime(TimestampMs born_ms) { born_ms_.store(born_ms, std::memory_order_relaxed); }
  /// New maps will no longer have this filter's answer. To be called before the table without it is
  /// published.
  void retire() { is_retired_.store(true, std::memory_order_release); }

  /// As consumerFilter.json has it.
  model::ConsumerFilterData data() const;

  bool matchesTagsCode(int64_t tags_code) const override {
    return compiled_->matchesTagsCode(tags_code);
  }
  bool matchesBitMap(int64_t physical_offset, std::string_view bit_map) const override;
  bool matchesProperties(std::string_view properties) const override {
    return compiled_->matchesProperties(properties);
  }
  size_t steps() const override { return compiled_->steps(); }
  bool matchesRecord(std::string_view record) const override {
    return compiled_->matchesRecord(record);
  }

 private:
  const std::string group_;
  const std::string topic_;
  const std::string type_;
  const std::string expression_;
  const std::shared_ptr<const store::MessageFilter> compiled_;
  const std::vector<int32_t> positions_;
  const size_t map_bytes_;
  std::atomic<TimestampMs> born_ms_;
  std::atomic<TimestampMs> dead_ms_{0};
  std::atomic<int64_t> version_{0};
  std::atomic<int64_t> born_at_{std::numeric_limits<int64_t>::max()};
  std::atomic<bool> is_retired_{false};
};

}  // namespace rocketmq::broker

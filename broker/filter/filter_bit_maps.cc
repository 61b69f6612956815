#include "broker/filter/filter_bit_maps.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <utility>

#include "common/log.h"

namespace rocketmq::broker {

/// One group's filter of one topic.
class FilterBitMaps::Filter final : public store::MessageFilter {
 public:
  Filter(const Subscription& subscription, const BloomFilter& bloom)
      : group_(subscription.group),
        expression_(subscription.expression),
        sql_(subscription.filter),
        // RocketMQ parity: the name that is hashed.
        positions_(bloom.positionsOf(group_ + "#" + std::string(subscription.topic))),
        map_bytes_(static_cast<size_t>(bloom.bytes())) {}

  const std::string& group() const { return group_; }
  const std::string& expression() const { return expression_; }
  std::span<const int32_t> positions() const { return positions_; }

  /// Messages from that log offset on have this filter's answer in their map, or no map.
  void setBorn(int64_t physical_offset) {
    born_at_.store(physical_offset, std::memory_order_release);
  }
  /// The table has another in its place: new maps no longer have this one's answer. To be called
  /// before the table is published.
  void retire() { is_retired_.store(true, std::memory_order_release); }

  void noteUse(TimestampMs now_ms) {
    if (now_ms - used_ms_.load(std::memory_order_relaxed) > kUseStepMs) {
      used_ms_.store(now_ms, std::memory_order_relaxed);
    }
  }
  bool isIdle(TimestampMs now_ms) const {
    return now_ms - used_ms_.load(std::memory_order_relaxed) > kIdleMsMax;
  }

  bool matchesTagsCode(int64_t tags_code) const override {
    return sql_->matchesTagsCode(tags_code);
  }
  bool matchesBitMap(int64_t physical_offset, std::string_view bit_map) const override {
    return bit_map.size() != map_bytes_ ||
           physical_offset < born_at_.load(std::memory_order_acquire) ||
           is_retired_.load(std::memory_order_acquire) || BloomFilter::areSet(positions_, bit_map);
  }
  bool matchesProperties(std::string_view properties) const override {
    return sql_->matchesProperties(properties);
  }
  bool matchesRecord(std::string_view record) const override { return sql_->matchesRecord(record); }

 private:
  /// Pulls of many threads would otherwise write to it all the time.
  static constexpr int64_t kUseStepMs = 1000;

  const std::string group_;
  const std::string expression_;
  const std::shared_ptr<const store::MessageFilter> sql_;
  const std::vector<int32_t> positions_;
  const size_t map_bytes_;
  std::atomic<int64_t> born_at_{std::numeric_limits<int64_t>::max()};
  std::atomic<bool> is_retired_{false};
  std::atomic<TimestampMs> used_ms_{0};
};

FilterBitMaps::FilterBitMaps(BloomFilter bloom, const Clock& clock)
    : bloom_(bloom), clock_(clock), table_(std::make_shared<const Table>()) {}

bool FilterBitMaps::mark(std::string_view topic, std::string_view properties,
                         std::span<char> map) const {
  const Table& table = table_.load();
  const auto filters = table.find(topic);
  if (filters == table.end()) {
    return false;
  }
  for (const auto& filter : filters->second) {
    if (filter->matchesProperties(properties)) {
      BloomFilter::set(filter->positions(), map);
    }
  }
  return true;
}

std::shared_ptr<FilterBitMaps::Filter> FilterBitMaps::find(const Table& table,
                                                           std::string_view topic,
                                                           std::string_view group) {
  const auto filters = table.find(topic);
  if (filters != table.end()) {
    for (const auto& filter : filters->second) {
      if (filter->group() == group) {
        return filter;
      }
    }
  }
  return nullptr;
}

std::shared_ptr<const store::MessageFilter> FilterBitMaps::filterOf(
    const Subscription& subscription, const std::function<int64_t()>& appended_offset) {
  auto filter = find(table_.load(), subscription.topic, subscription.group);
  if (filter == nullptr || filter->expression() != subscription.expression) {
    filter = enter(subscription, appended_offset);
  }
  if (filter == nullptr) {
    return subscription.filter;
  }
  filter->noteUse(clock_.nowMs());
  return filter;
}

std::shared_ptr<FilterBitMaps::Filter> FilterBitMaps::enter(
    const Subscription& subscription, const std::function<int64_t()>& appended_offset) {
  std::shared_ptr<Filter> filter;
  {
    MutexLock lock(write_mutex_);
    Table table = table_.load();
    const auto known = find(table, subscription.topic, subscription.group);
    if (known != nullptr && known->expression() == subscription.expression) {
      return known;  // Another pull of the group was faster.
    }
    Filters& filters = table[std::string(subscription.topic)];
    if (known == nullptr && filters.size() >= kGroupsMax) {
      return nullptr;
    }
    if (known != nullptr) {
      known->retire();
      std::erase(filters, known);
    }
    filter = std::make_shared<Filter>(subscription, bloom_);
    filter->noteUse(clock_.nowMs());
    filters.push_back(filter);
    table_.store(std::make_shared<const Table>(std::move(table)));
  }
  // Whatever is appended from there on is marked by the new table, or not at all.
  filter->setBorn(appended_offset());
  log::info("messages of {} are marked for group {}", subscription.topic, subscription.group);
  return filter;
}

void FilterBitMaps::removeIdle() {
  const TimestampMs now_ms = clock_.nowMs();
  MutexLock lock(write_mutex_);
  Table table = table_.load();
  size_t removed = 0;
  for (auto& [topic, filters] : table) {
    removed += std::erase_if(filters, [now_ms](const std::shared_ptr<Filter>& filter) {
      const bool is_idle = filter->isIdle(now_ms);
      if (is_idle) {
        filter->retire();
      }
      return is_idle;
    });
  }
  std::erase_if(table, [](const auto& entry) { return entry.second.empty(); });
  if (removed > 0) {
    table_.store(std::make_shared<const Table>(std::move(table)));
  }
}

}  // namespace rocketmq::broker

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/cached_snapshot.h"
#include "broker/filter/bloom_filter.h"
#include "broker/string_map.h"
#include "common/clock.h"
#include "common/mutex.h"
#include "store/bit_map_source.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Which groups filter which topic by an SQL92 expression: marks in every new message's bit map
/// those that want it, and lets their pulls skip the others without reading them (RocketMQ:
/// ConsumerFilterManager with CommitLogDispatcherCalcBitMap).
///
/// A group is in the table from its first pull with an expression until it has not pulled for
/// kIdleMsMax. What was stored before it came, or before its expression changed, is decided by the
/// message's properties. RocketMQ's table outlives a restart (consumerFilter.json); this does not:
/// after it all groups are new.
///
/// Bound: kGroupsMax for a topic; further groups read every message. Each costs one evaluation per
/// message of the topic.
/// Threads: any. Looking a group up and marking take no lock.
class FilterBitMaps final : public store::BitMapSource {
 public:
  static constexpr size_t kGroupsMax = 64;
  static constexpr int64_t kIdleMsMax = 24 * 3'600'000;

  FilterBitMaps(BloomFilter bloom, const Clock& clock);

  int32_t bytes() const override { return bloom_.bytes(); }
  uint64_t version() const override { return table_.version(); }
  bool mark(std::string_view topic, std::string_view properties,
            std::span<char> map) const override;

  struct Subscription {
    std::string_view group;
    std::string_view topic;
    std::string_view expression;
    std::shared_ptr<const store::MessageFilter> filter;  ///< The expression, compiled.
  };
  /// The subscription's filter, made to use the bit maps; the filter itself when the topic's table
  /// is full. Enters the group when it is new or its expression is another; `appended_offset` is
  /// MessageStore::appendedOffset(), which is called after that.
  std::shared_ptr<const store::MessageFilter> filterOf(
      const Subscription& subscription, const std::function<int64_t()>& appended_offset);

  /// Forgets groups that have not pulled for long.
  void removeIdle();

 private:
  class Filter;
  using Filters = std::vector<std::shared_ptr<Filter>>;
  using Table = StringMap<Filters>;  ///< By topic.

  /// Null when the group is not in the table.
  static std::shared_ptr<Filter> find(const Table& table, std::string_view topic,
                                      std::string_view group);
  /// Null when there is no room for it.
  std::shared_ptr<Filter> enter(const Subscription& subscription,
                                const std::function<int64_t()>& appended_offset);

  const BloomFilter bloom_;
  const Clock& clock_;
  Mutex write_mutex_;
  CachedSnapshot<Table> table_;
};

}  // namespace rocketmq::broker

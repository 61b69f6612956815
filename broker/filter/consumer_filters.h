#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/cached_snapshot.h"
#include "broker/filter/bloom_filter.h"
#include "broker/filter/consumer_filter.h"
#include "broker/string_map.h"
#include "common/clock.h"
#include "common/log_limiter.h"
#include "common/model/consumer_filter_data.h"
#include "common/mutex.h"
#include "common/status.h"
#include "store/bit_map_source.h"

namespace rocketmq::broker {

/// Which groups filter which topic by an SQL92 expression (RocketMQ: ConsumerFilterManager with
/// CommitLogDispatcherCalcBitMap). Kept in config/consumerFilter.json; where bit maps are computed,
/// marks in every new message's map the groups that want it, so that their pulls skip the others
/// without reading them.
///
/// A filter is entered with the first heartbeat that has its expression, is dead from the moment
/// when its group has no such subscription any more, and is removed when it has been dead for long
/// (filterDataCleanTimeSpan). Until then messages go on to be marked for it, also after a restart:
/// its group finds maps for what was stored while it was away. What was stored before the filter
/// was entered, or before this process began, is decided by the message's properties.
///
/// Bounds: kGroupsMax of a topic, kFiltersMax of all; at a bound the one that has been dead for
/// longest makes room, and without a dead one the new filter is not entered: it works, but by the
/// properties alone, and is not in the file. Each costs one evaluation per message of its topic
/// where bit maps are computed.
/// Threads: any. Looking a filter up and marking take no lock; entering one and persist() may take
/// a while, and belong on a lane.
class ConsumerFilters final : public store::BitMapSource {
 public:
  static constexpr size_t kGroupsMax = 64;
  static constexpr size_t kFiltersMax = 1'000;

  /// Empty. `path`: of consumerFilter.json.
  ConsumerFilters(std::string path, BloomFilter bloom, const Clock& clock);

  /// What the file or its .bak has; all of it is dead until its group comes. RocketMQ parity:
  /// nothing at all is used when bits of one filter do not fit `bloom`. An expression that cannot
  /// be compiled is left out. Corruption: there is something, but nothing that can be read.
  static Result<std::unique_ptr<ConsumerFilters>> open(std::string path, BloomFilter bloom,
                                                       const Clock& clock);

  int32_t bytes() const override { return bloom_.bytes(); }
  uint64_t version() const override { return table_.version(); }
  bool mark(std::string_view topic, std::string_view properties,
            std::span<char> map) const override;

  /// To be called once, when the store that computes bit maps by this table is open, before the
  /// first enter(): `appended_offset` is MessageStore::appendedOffset(). Without it maps do not
  /// count.
  void useBitMaps(std::function<int64_t()> appended_offset);

  /// The filter of a group's subscription. Enters it when it is new or its expression is another,
  /// which replaces the one before. It is as dead or alive as it was; a new one is alive.
  /// InvalidArgument: a bad expression, with the place of the fault; nothing was changed.
  Result<std::shared_ptr<ConsumerFilter>> enter(const ConsumerFilter::Identity& identity,
                                                int64_t version);

  /// nullopt when the group's expression is not in the table.
  std::optional<model::ConsumerFilterData> find(std::string_view group,
                                                std::string_view topic) const;

  /// Removes what has been dead for as long as that.
  void removeDead(std::chrono::milliseconds dead_for);

  /// Writes the file when it is not as it has to be. Blocks until it is on the disk.
  Status persist();

 private:
  using Filters = std::vector<std::shared_ptr<ConsumerFilter>>;
  using Table = StringMap<Filters>;  ///< By topic.

  void load(const model::ConsumerFilterTable& file);
  /// Null when its expression is bad.
  std::shared_ptr<ConsumerFilter> filterOf(std::string_view group, std::string_view topic,
                                           const model::ConsumerFilterData& data) const;
  /// Null when the group is not in the table.
  static std::shared_ptr<ConsumerFilter> find(const Table& table, std::string_view topic,
                                              std::string_view group);
  /// False when there is no room for another one.
  static bool makeRoom(Table& table, std::string_view topic);
  /// In the place of the group's filter before, if there is one; false when there is no room.
  bool put(const std::shared_ptr<ConsumerFilter>& filter);
  model::ConsumerFilterTable fileContent() const;

  const std::string path_;
  const BloomFilter bloom_;
  const Clock& clock_;
  std::function<int64_t()> appended_offset_;
  LogLimiter full_log_{1};
  LogLimiter new_log_;

  Mutex write_mutex_;
  CachedSnapshot<Table> table_;

  Mutex persist_mutex_;
  std::string persisted_ ROCKETMQ_GUARDED_BY(persist_mutex_);
};

}  // namespace rocketmq::broker

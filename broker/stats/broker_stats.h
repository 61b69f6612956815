#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "broker/stats/stats_item.h"
#include "broker/string_map.h"
#include "broker/traffic_observer.h"
#include "common/clock.h"
#include "common/mutex.h"

namespace rocketmq::broker {

/// Statistics of one kind by key (RocketMQ: StatsItemSet).
///
/// Bound: 100,000 keys; what comes under further keys is not counted. Threads: any; sharded.
class StatsSet {
 public:
  static constexpr size_t kKeysMax = 100'000;

  void add(std::string_view key, int64_t value, int64_t times = 1);
  /// nullptr for a key nothing was ever counted under.
  std::shared_ptr<const StatsItem> find(std::string_view key) const;
  void forEach(const std::function<void(StatsItem&)>& visit);
  /// Forgets keys that `gone` picks.
  void removeIf(const std::function<bool(std::string_view key)>& gone);

 private:
  static constexpr size_t kShards = 16;
  struct Shard {
    mutable Mutex mutex;
    StringMap<std::shared_ptr<StatsItem>> items ROCKETMQ_GUARDED_BY(mutex);
  };
  Shard& shardOf(std::string_view key) { return shards_[StringHash{}(key) % kShards]; }
  const Shard& shardOf(std::string_view key) const { return shards_[StringHash{}(key) % kShards]; }

  std::array<Shard, kShards> shards_;
  std::atomic<size_t> keys_{0};
};

/// Messages in and out since start, at this midnight and the one before (RocketMQ: BrokerStats).
struct DayTotals {
  int64_t yesterday_morning = 0;
  int64_t today_morning = 0;
  int64_t now = 0;
};

/// The broker's statistics by topic and group (RocketMQ: BrokerStatsManager): TOPIC_PUT_NUMS,
/// TOPIC_PUT_SIZE, GROUP_GET_NUMS, GROUP_GET_SIZE, SNDBCK_PUT_NUMS, DLQ_PUT_NUMS, BROKER_PUT_NUMS,
/// BROKER_GET_NUMS.
///
/// Threads: any. Lives in memory only, as in RocketMQ.
class BrokerStats : public TrafficObserver {
 public:
  BrokerStats(std::string cluster_name, TimestampMs now);

  void onPut(const Put& put) override;
  void onGet(const Get& get) override;
  void onSendBack(std::string_view group, std::string_view topic) override;
  void onDeadLetter(std::string_view group, std::string_view topic) override;

  /// Takes the samples that are due; call it every second.
  void sample(TimestampMs now);

  /// nullopt when nothing was ever counted under that name and key.
  struct View {
    StatsSnapshot minute;
    StatsSnapshot hour;
    StatsSnapshot day;
  };
  std::optional<View> view(std::string_view name, std::string_view key) const;
  /// Messages per second that a group gets of a topic, over the last minute.
  double groupGetTps(std::string_view group, std::string_view topic) const;

  DayTotals putTotals() const;
  DayTotals getTotals() const;

  /// Drops what was counted for a topic or a group that is deleted.
  void forgetTopic(std::string_view topic);
  void forgetGroup(std::string_view group);

 private:
  struct Named {
    std::string_view name;
    StatsSet BrokerStats::*set;
  };
  static const std::array<Named, 8> kSets;

  const std::string cluster_name_;
  StatsSet topic_put_nums_;
  StatsSet topic_put_size_;
  StatsSet group_get_nums_;
  StatsSet group_get_size_;
  StatsSet send_back_nums_;
  StatsSet dead_letter_nums_;
  StatsSet broker_put_nums_;
  StatsSet broker_get_nums_;

  std::atomic<int64_t> put_total_{0};
  std::atomic<int64_t> get_total_{0};

  mutable Mutex mutex_;
  TimestampMs next_minute_ ROCKETMQ_GUARDED_BY(mutex_);
  TimestampMs next_hour_ ROCKETMQ_GUARDED_BY(mutex_);
  TimestampMs next_day_ ROCKETMQ_GUARDED_BY(mutex_);
  int64_t local_day_ ROCKETMQ_GUARDED_BY(mutex_);
  DayTotals put_days_ ROCKETMQ_GUARDED_BY(mutex_);
  DayTotals get_days_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::broker

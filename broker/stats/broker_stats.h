#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "broker/stats/stats_table.h"
#include "broker/stats/traffic_counters.h"
#include "broker/traffic_observer.h"
#include "common/clock.h"
#include "common/mutex.h"

namespace rocketmq::broker {

/// Messages in and out since start, at this midnight and the one before (RocketMQ: BrokerStats).
struct DayTotals {
  int64_t yesterday_morning = 0;
  int64_t today_morning = 0;
  int64_t now = 0;
};

/// The broker's statistics by topic and group (RocketMQ: BrokerStatsManager), by name and key:
///
///     TOPIC_PUT_NUMS, TOPIC_PUT_SIZE                                    topic
///     GROUP_GET_NUMS, GROUP_GET_SIZE, SNDBCK_PUT_NUMS, DLQ_PUT_NUMS     topic@group
///     TOPIC_PUT_LATENCY                                                 queue@topic
///     GROUP_GET_LATENCY                                                 queue@topic@group
///     BROKER_PUT_NUMS, BROKER_GET_NUMS                                  cluster
///
/// Threads: any; counting takes no lock for a key that the thread has counted under lately.
/// Bound:   see StatsTable; what is not counted for that reason still counts for the broker.
/// Life:    in memory only, as in RocketMQ.
class BrokerStats : public TrafficObserver {
 public:
  BrokerStats(std::string cluster_name, TimestampMs now);

  void onPut(const Put& put) override;
  void onGet(const Get& get) override;
  void onSendBack(std::string_view group, std::string_view topic) override;
  void onDeadLetter(std::string_view group, std::string_view topic) override;
  void onTransactionEnd(std::string_view topic, bool is_commit) override;

  /// Takes the samples that are due; call it every second.
  void sample(TimestampMs now);
  /// Forgets what nothing was counted under since `then`.
  void forgetIdle(TimestampMs then);

  /// nullopt when nothing was ever counted under that name and key.
  std::optional<StatsView> view(std::string_view name, std::string_view key) const;
  /// Messages per second that a group gets of a topic, over the last minute.
  double groupGetTps(std::string_view group, std::string_view topic) const;
  /// How far a group's reads of a queue have come: the offset after the last message that it was
  /// given; nullopt when it has got none since the start.
  std::optional<int64_t> readOffset(std::string_view group, std::string_view topic,
                                    int32_t queue_id) const;

  DayTotals putTotals() const;
  DayTotals getTotals() const;
  const BrokerTotal& puts() const { return broker_puts_; }
  const BrokerTotal& gets() const { return broker_gets_; }

  const StatsTable<TopicTraffic>& topics() const { return topics_; }
  /// These two by topic@group.
  const StatsTable<GroupTraffic>& groups() const { return groups_; }
  const StatsTable<StatsItem>& sendBacks() const { return send_backs_; }
  const StatsTable<StatsItem>& deadLetters() const { return dead_letters_; }
  /// Topic and group of a key "topic@group".
  static std::pair<std::string_view, std::string_view> splitKey(std::string_view key);

  /// Drops what was counted for a topic or a group that is deleted.
  void forgetTopic(std::string_view topic);
  void forgetGroup(std::string_view group);

 private:
  StatsDue takeDue(TimestampMs now);
  /// Calls `act(table)` for each of the tables.
  template <class Self, class Act>
  static void forEachTable(Self& self, const Act& act);

  const std::string cluster_name_;
  StatsTable<TopicTraffic> topics_;
  StatsTable<GroupTraffic> groups_;
  StatsTable<StatsItem> send_backs_;
  StatsTable<StatsItem> dead_letters_;
  StatsTable<StatsItem> put_latencies_;
  StatsTable<QueueReads> queue_reads_;
  BrokerTotal broker_puts_;
  BrokerTotal broker_gets_;

  mutable Mutex mutex_;
  TimestampMs next_minute_ ROCKETMQ_GUARDED_BY(mutex_);
  TimestampMs next_hour_ ROCKETMQ_GUARDED_BY(mutex_);
  TimestampMs next_day_ ROCKETMQ_GUARDED_BY(mutex_);
  int64_t local_day_ ROCKETMQ_GUARDED_BY(mutex_);
  DayTotals put_days_ ROCKETMQ_GUARDED_BY(mutex_);
  DayTotals get_days_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::broker

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "common/fields.h"
#include "common/model/message_queue.h"

namespace rocketmq::remoting {

/// How far a group is in one queue.
struct OffsetWrapper {
  int64_t broker_offset = 0;    ///< One past the last message.
  int64_t consumer_offset = 0;  ///< The next to consume, never negative.
  int64_t last_timestamp = 0;   ///< Store time of the last consumed message in ms, 0 if none.
  std::optional<int64_t> pull_offset = {};  ///< 5.x.

  friend bool operator==(const OffsetWrapper&, const OffsetWrapper&) = default;

  static constexpr auto fields() {
    using O = OffsetWrapper;
    return std::tuple{optional("brokerOffset", &O::broker_offset),
                      optional("consumerOffset", &O::consumer_offset),
                      optional("lastTimestamp", &O::last_timestamp),
                      optional("pullOffset", &O::pull_offset)};
  }
};

/// Answer to GET_CONSUME_STATS.
struct ConsumeStats {
  double consume_tps = 0;
  std::map<model::MessageQueue, OffsetWrapper> offset_table;

  friend bool operator==(const ConsumeStats&, const ConsumeStats&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("consumeTps", &ConsumeStats::consume_tps),
                      optional("offsetTable", &ConsumeStats::offset_table)};
  }
};

/// Answer to GET_BROKER_CONSUME_STATS (RocketMQ: ConsumeStatsList).
struct BrokerConsumeStats {
  std::string broker_addr;
  /// One map per group, from its name to one entry per topic.
  std::vector<std::map<std::string, std::vector<ConsumeStats>>> consume_stats_list;
  int64_t total_diff = 0;
  std::optional<int64_t> total_inflight_diff = {};  ///< 5.x.

  friend bool operator==(const BrokerConsumeStats&, const BrokerConsumeStats&) = default;

  static constexpr auto fields() {
    using B = BrokerConsumeStats;
    return std::tuple{optional("brokerAddr", &B::broker_addr),
                      optional("consumeStatsList", &B::consume_stats_list),
                      optional("totalDiff", &B::total_diff),
                      optional("totalInflightDiff", &B::total_inflight_diff)};
  }
};

/// The offsets of one queue.
struct TopicOffset {
  int64_t last_update_timestamp = 0;  ///< Store time of the last message in ms, 0 if none.
  int64_t max_offset = 0;             ///< One past the last message.
  int64_t min_offset = 0;

  friend bool operator==(const TopicOffset&, const TopicOffset&) = default;

  static constexpr auto fields() {
    using T = TopicOffset;
    return std::tuple{optional("lastUpdateTimestamp", &T::last_update_timestamp),
                      optional("maxOffset", &T::max_offset), optional("minOffset", &T::min_offset)};
  }
};

/// Answer to GET_TOPIC_STATS_INFO (RocketMQ: TopicStatsTable).
struct TopicStats {
  std::map<model::MessageQueue, TopicOffset> offset_table;
  std::optional<double> topic_put_tps = {};  ///< 5.x.

  friend bool operator==(const TopicStats&, const TopicStats&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("offsetTable", &TopicStats::offset_table),
                      optional("topicPutTps", &TopicStats::topic_put_tps)};
  }
};

/// One statistic over one period.
struct BrokerStatsItem {
  double average_per_time = 0;
  int64_t sum = 0;
  double tps = 0;

  friend bool operator==(const BrokerStatsItem&, const BrokerStatsItem&) = default;

  static constexpr auto fields() {
    using B = BrokerStatsItem;
    return std::tuple{optional("avgpt", &B::average_per_time), optional("sum", &B::sum),
                      optional("tps", &B::tps)};
  }
};

/// Answer to VIEW_BROKER_STATS_DATA.
struct BrokerStatsData {
  BrokerStatsItem stats_minute;
  BrokerStatsItem stats_hour;
  BrokerStatsItem stats_day;

  friend bool operator==(const BrokerStatsData&, const BrokerStatsData&) = default;

  static constexpr auto fields() {
    using B = BrokerStatsData;
    return std::tuple{optional("statsDay", &B::stats_day), optional("statsHour", &B::stats_hour),
                      optional("statsMinute", &B::stats_minute)};
  }
};

}  // namespace rocketmq::remoting

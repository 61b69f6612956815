// statsAll, brokerConsumeStats

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <CLI/CLI.hpp>

#include "common/validate.h"
#include "tools/mqadmin/command.h"
#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

constexpr int64_t kMasterId = 0;

/// Messages of the longest window that has any: a young counter has none for the day yet.
int64_t sumOfDay(const remoting::BrokerStatsData& stats) {
  if (stats.stats_day.sum != 0) {
    return stats.stats_day.sum;
  }
  return stats.stats_hour.sum != 0 ? stats.stats_hour.sum : stats.stats_minute.sum;
}

class StatsAll : public Command {
 public:
  std::string_view name() const override { return "statsAll"; }
  std::string_view description() const override { return "Topic and Consumer tps stats"; }

  void addOptions(CLI::App& app) override {
    app.add_flag("-a,--activeTopic", active_only_, "print active topic only");
    app.add_option("-t,--topic", topic_, "print select topic only");
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto topics, admin.topicList());
    fmt::print("{:<64}  {:<64} {:>12} {:>11} {:>11} {:>14} {:>14}\n", "#Topic", "#Consumer Group",
               "#Accumulation", "#InTPS", "#OutTPS", "#InMsg24Hour", "#OutMsg24Hour");
    for (const std::string& topic : topics) {
      if (!isRetryTopic(topic) && !isDlqTopic(topic) && (topic_.empty() || topic == topic_)) {
        printTopic(admin, topic);
      }
    }
    return Status::ok();
  }

 private:
  struct Sum {
    double tps = 0;
    int64_t day = 0;
  };

  /// Over the brokers that know the key: most do not know most.
  static Sum sumOf(client::AdminClient& admin, const std::vector<std::string>& masters,
                   const std::string& name, const std::string& key) {
    Sum sum;
    for (const std::string& master : masters) {
      if (const auto stats = admin.brokerStats(master, name, key); stats.ok()) {
        sum.tps += stats->stats_minute.tps;
        sum.day += sumOfDay(*stats);
      }
    }
    return sum;
  }

  static int64_t accumulation(client::AdminClient& admin, const std::vector<std::string>& masters,
                              const std::string& topic, const std::string& group) {
    int64_t sum = 0;
    for (const std::string& master : masters) {
      if (const auto stats = admin.consumeStats(master, group, topic); stats.ok()) {
        for (const auto& [queue, offset] : stats->offset_table) {
          sum += offset.broker_offset - offset.consumer_offset;
        }
      }
    }
    return std::max<int64_t>(sum, 0);
  }

  void printTopic(client::AdminClient& admin, const std::string& topic) const {
    const auto route = admin.topicRoute(topic);
    if (!route.ok()) {
      return;  // Gone since it was listed.
    }
    std::vector<std::string> masters;
    std::set<std::string> groups;
    for (const model::BrokerData& broker : route->broker_datas) {
      const auto master = broker.broker_addrs.find(kMasterId);
      if (master == broker.broker_addrs.end()) {
        continue;
      }
      masters.push_back(master->second);
      if (const auto found = admin.groupsOfTopic(master->second, topic); found.ok()) {
        groups.insert(found->begin(), found->end());
      }
    }
    const Sum in = sumOf(admin, masters, "TOPIC_PUT_NUMS", topic);
    for (const std::string& group : groups) {
      const Sum out = sumOf(admin, masters, "GROUP_GET_NUMS", topic + "@" + group);
      if (!active_only_ || in.day > 0 || out.day > 0) {
        fmt::print("{:<64}  {:<64} {:>12} {:>11.2f} {:>11.2f} {:>14} {:>14}\n", cut(topic, 64),
                   cut(group, 64), accumulation(admin, masters, topic, group), in.tps, out.tps,
                   in.day, out.day);
      }
    }
    if (groups.empty() && (!active_only_ || in.day > 0)) {
      fmt::print("{:<64}  {:<64} {:>12} {:>11.2f} {:>11} {:>14} {:>14}\n", cut(topic, 64), "", 0,
                 in.tps, "", in.day, "NO_CONSUMER");
    }
  }

  bool active_only_ = false;
  std::string topic_;
};

class BrokerConsumeStats : public Command {
 public:
  std::string_view name() const override { return "brokerConsumeStats"; }
  std::string_view description() const override { return "Fetch broker consume stats data"; }

  void addOptions(CLI::App& app) override {
    app.add_option("-b,--brokerAddr", broker_, "Broker address")->required();
    app.add_option("-t,--timeoutMillis", timeout_ms_, "request timeout Millis");
    app.add_option("-l,--level", level_, "threshold of print diff");
    app.add_option("-o,--order", order_, "order topic");
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto stats,
                              admin.brokerConsumeStats(broker_, parseBool(order_)));
    fmt::print("{:<64}  {:<64}  {:<32}  {:<4}  {:<20}  {:<20}  {:<20}  {}\n", "#Topic", "#Group",
               "#Broker Name", "#QID", "#Broker Offset", "#Consumer Offset", "#Diff", "#LastTime");
    for (const auto& by_group : stats.consume_stats_list) {
      for (const auto& [group, of_topics] : by_group) {
        for (const remoting::ConsumeStats& of_topic : of_topics) {
          printQueues(group, of_topic);
        }
      }
    }
    fmt::print("\nDiff Total: {}\n", stats.total_diff);
    return Status::ok();
  }

 private:
  void printQueues(const std::string& group, const remoting::ConsumeStats& stats) const {
    for (const auto& [queue, offset] : stats.offset_table) {
      const int64_t diff = offset.broker_offset - offset.consumer_offset;
      if (diff < level_) {
        continue;
      }
      fmt::print("{:<64}  {:<64}  {:<32}  {:<4}  {:<20}  {:<20}  {:<20}  {}\n",
                 cut(queue.topic, 64), cut(group, 64), cut(queue.broker_name, 32), queue.queue_id,
                 offset.broker_offset, offset.consumer_offset, diff,
                 offset.last_timestamp > 0 ? formatSeconds(offset.last_timestamp) : "-");
    }
  }

  std::string broker_;
  int64_t timeout_ms_ = 50'000;
  int64_t level_ = 0;
  std::string order_;
};

}  // namespace

void addStatsCommands(CommandList& list) {
  list.push_back(std::make_unique<StatsAll>());
  list.push_back(std::make_unique<BrokerConsumeStats>());
}

}  // namespace rocketmq::mqadmin

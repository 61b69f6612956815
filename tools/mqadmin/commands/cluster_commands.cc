// clusterList

#include <fmt/format.h>
#include <poll.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "common/clock.h"
#include "tools/mqadmin/command.h"

namespace rocketmq::mqadmin {
namespace {

using RuntimeTable = std::map<std::string, std::string>;

std::string valueOf(const RuntimeTable& table, const std::string& key) {
  const auto found = table.find(key);
  return found == table.end() ? "" : found->second;
}

double firstNumber(const RuntimeTable& table, const std::string& key) {
  return std::atof(valueOf(table, key).c_str());
}

int64_t difference(const RuntimeTable& table, const std::string& to, const std::string& from) {
  return std::atoll(valueOf(table, to).c_str()) - std::atoll(valueOf(table, from).c_str());
}

class ClusterList : public Command {
 public:
  std::string_view name() const override { return "clusterList"; }
  std::string_view description() const override { return "List cluster infos"; }

  void addOptions(CLI::App& app) override {
    app.add_flag("-m,--moreStats", more_stats_, "Print more stats");
    app.add_option("-i,--interval", interval_seconds_,
                   "specify intervals numbers, it is in seconds")
        ->check(CLI::Range(1, 86400));
  }

  Status run(client::AdminClient& admin) override {
    while (true) {
      ROCKETMQ_RETURN_IF_ERROR(print(admin));
      if (interval_seconds_ == 0) {
        return Status::ok();
      }
      fmt::print("\n");
      std::fflush(stdout);
      poll(nullptr, 0, interval_seconds_ * 1000);
    }
  }

 private:
  Status print(client::AdminClient& admin) const {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto info, admin.clusterInfo());
    if (more_stats_) {
      fmt::print("{:<16}  {:<32} {:>14} {:>14} {:>14} {:>14}\n", "#Cluster Name", "#Broker Name",
                 "#InTotalYest", "#OutTotalYest", "#InTotalToday", "#OutTotalToday");
    } else {
      fmt::print("{:<16}  {:<22}  {:<4}  {:<22} {:<16} {:>19} {:>19} {:>10} {:>5} {:>6}\n",
                 "#Cluster Name", "#Broker Name", "#BID", "#Addr", "#Version", "#InTPS(LOAD)",
                 "#OutTPS(LOAD)", "#PCWait(ms)", "#Hour", "#SPACE");
    }
    bool first = true;
    for (const auto& [cluster, names] : info.cluster_addr_table) {
      if (!first) {
        fmt::print("\n");
      }
      first = false;
      for (const std::string& name : names) {
        const auto broker = info.broker_addr_table.find(name);
        if (broker == info.broker_addr_table.end()) {
          continue;
        }
        for (const auto& [id, address] : broker->second.broker_addrs) {
          const auto table = admin.brokerRuntimeInfo(address);
          // A broker that does not answer has a row all the same: that is what one looks for.
          printRow(cluster, name, id, address, table.ok() ? *table : RuntimeTable());
        }
      }
    }
    return Status::ok();
  }

  void printRow(const std::string& cluster, const std::string& name, int64_t id,
                const std::string& address, const RuntimeTable& table) const {
    if (more_stats_) {
      fmt::print("{:<16}  {:<32} {:>14} {:>14} {:>14} {:>14}\n", cluster, name,
                 difference(table, "msgPutTotalTodayMorning", "msgPutTotalYesterdayMorning"),
                 difference(table, "msgGetTotalTodayMorning", "msgGetTotalYesterdayMorning"),
                 difference(table, "msgPutTotalTodayNow", "msgPutTotalTodayMorning"),
                 difference(table, "msgGetTotalTodayNow", "msgGetTotalTodayMorning"));
      return;
    }
    const int64_t earliest = std::atoll(valueOf(table, "earliestMessageTimeStamp").c_str());
    const double hours =
        earliest > 0 ? static_cast<double>(SystemClock::instance().nowMs() - earliest) / 3'600'000.0
                     : 0.0;
    // Each release has its own spelling of the second key.
    const std::string out_key =
        table.contains("getTransferedTps") ? "getTransferedTps" : "getTransferredTps";
    fmt::print("{:<16}  {:<22}  {:<4}  {:<22} {:<16} {:>19} {:>19} {:>10} {:>5} {:>6}\n", cluster,
               name, id, address, valueOf(table, "brokerVersionDesc"),
               fmt::format("{:9.2f}({},{}ms)", firstNumber(table, "putTps"),
                           valueOf(table, "sendThreadPoolQueueSize"),
                           valueOf(table, "sendThreadPoolQueueHeadWaitTimeMills")),
               fmt::format("{:9.2f}({},{}ms)", firstNumber(table, out_key),
                           valueOf(table, "pullThreadPoolQueueSize"),
                           valueOf(table, "pullThreadPoolQueueHeadWaitTimeMills")),
               valueOf(table, "pageCacheLockTimeMills"), fmt::format("{:.2f}", hours),
               fmt::format("{:.4f}", firstNumber(table, "commitLogDiskRatio")));
  }

  bool more_stats_ = false;
  int interval_seconds_ = 0;
};

}  // namespace

void addClusterCommands(CommandList& list) { list.push_back(std::make_unique<ClusterList>()); }

}  // namespace rocketmq::mqadmin

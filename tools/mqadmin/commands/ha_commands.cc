// haStatus

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include <CLI/CLI.hpp>

#include "tools/mqadmin/brokers.h"
#include "tools/mqadmin/command.h"
#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

std::string kilobytes(int64_t bytes) {
  return fmt::format("{:.2f}", static_cast<double>(bytes) / 1024.0);
}

void printMaster(const std::string& address, const remoting::HaStatus& status) {
  fmt::print(
      "\n#MasterAddr\t{}\n#MasterCommitLogMaxOffset\t{}\n#SlaveNum\t{}\n#InSyncSlaveNum\t{}\n",
      address, status.master_commit_log_max_offset, status.ha_connection_info.size(),
      status.in_sync_slave_nums);
  constexpr auto kLine = "{:<32}  {:<16} {:>16} {:>16} {:>16} {:>16} {:>16}\n";
  fmt::print(kLine, "#SlaveAddr", "#SlaveAckOffset", "#Diff", "#DiffMessages",
             "#TransferSpeed(KB/s)", "#Status", "#TransferFromWhere");
  for (const remoting::HaConnectionInfo& slave : status.ha_connection_info) {
    fmt::print(kLine, slave.address, slave.slave_ack_offset, slave.diff, slave.diff_messages,
               kilobytes(slave.transferred_bytes_per_second), slave.in_sync ? "OK" : "Fall Behind",
               slave.transfer_from_where);
  }
}

void printSlave(const remoting::HaClientInfo& slave) {
  fmt::print(
      "\n#MasterAddr\t{}\n#Activated\t{}\n#CommitLogMaxOffset\t{}\n#TransferSpeed(KB/s)\t{}\n"
      "#LastReadTime\t{}\n#LastWriteTime\t{}\n#MasterFlushOffset\t{}\n",
      slave.master_address, slave.activated ? "true" : "false, not connected to the master",
      slave.max_offset, kilobytes(slave.transferred_bytes_per_second),
      formatMillis(slave.last_read_timestamp), formatMillis(slave.last_write_timestamp),
      slave.master_flush_offset);
}

/// Where a master is dead there is nobody to ask, and that is what whoever asks wants to know.
void printWithoutMaster(const model::BrokerData& broker) {
  std::string slaves;
  for (const auto& [id, address] : broker.broker_addrs) {
    slaves += fmt::format("{}{} (brokerId {})", slaves.empty() ? "" : ", ", address, id);
  }
  fmt::print("\n#MasterAddr\tnone: no master of {} is registered; slaves: {}\n", broker.broker_name,
             slaves);
}

class HaStatus : public Command {
 public:
  std::string_view name() const override { return "haStatus"; }
  std::string_view description() const override { return "Fetch ha runtime status data"; }

  void addOptions(CLI::App& app) override {
    brokers_.addTo(app, "ask");
    app.add_option("-i,--interval", interval_seconds_, "seconds between repetitions; 0: once")
        ->check(CLI::Range(0, 86'400));
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_RETURN_IF_ERROR(printAll(admin));
    while (interval_seconds_ > 0) {
      std::this_thread::sleep_for(std::chrono::seconds(interval_seconds_));
      ROCKETMQ_RETURN_IF_ERROR(printAll(admin));
    }
    return Status::ok();
  }

 private:
  Status printAll(client::AdminClient& admin) const {
    ROCKETMQ_RETURN_IF_ERROR(brokers_.check());
    if (brokers_.hasBroker()) {
      ROCKETMQ_RETURN_IF_ERROR(printOne(admin, brokers_.broker()));
    } else {
      ROCKETMQ_RETURN_IF_ERROR(printCluster(admin));
    }
    std::fflush(stdout);
    return Status::ok();
  }

  Status printCluster(client::AdminClient& admin) const {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto all, admin.brokersIn(brokers_.cluster()));
    for (const model::BrokerData& broker : all) {
      if (!broker.broker_addrs.contains(0)) {
        printWithoutMaster(broker);
      }
    }
    for (const model::BrokerData& broker : all) {
      if (broker.broker_addrs.contains(0)) {
        ROCKETMQ_RETURN_IF_ERROR(printOne(admin, broker.broker_addrs.at(0)));
      }
    }
    return Status::ok();
  }

  static Status printOne(client::AdminClient& admin, const std::string& address) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto status, admin.brokerHaStatus(address));
    if (status.master) {
      printMaster(address, status);
    } else {
      printSlave(status.ha_client_runtime_info);
    }
    return Status::ok();
  }

  BrokerChoice brokers_;
  int interval_seconds_ = 0;
};

}  // namespace

void addHaCommands(CommandList& list) { list.push_back(std::make_unique<HaStatus>()); }

}  // namespace rocketmq::mqadmin

// cleanExpiredCQ, cleanUnusedTopic, deleteExpiredCommitLog

#include <fmt/format.h>

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/mqadmin/brokers.h"
#include "tools/mqadmin/command.h"

namespace rocketmq::mqadmin {
namespace {

/// Has brokers remove now what they remove by themselves some time.
class Clean : public Command {
 public:
  using Request = Status (client::AdminClient::*)(const std::string& address);

  Clean(std::string_view name, std::string_view description, Request request)
      : name_(name), description_(description), request_(request) {}

  std::string_view name() const override { return name_; }
  std::string_view description() const override { return description_; }

  void addOptions(CLI::App& app) override {
    app.add_option("-b,--brokerAddr", broker_, "Broker address");
    app.add_option("-c,--cluster", cluster_, "clustername; without -b and -c all clusters");
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto addresses, brokers(admin));
    ROCKETMQ_RETURN_IF_ERROR(
        atEach(addresses, [&](const std::string& address) { return (admin.*request_)(address); }));
    fmt::print("success\n");
    return Status::ok();
  }

 private:
  Result<std::vector<std::string>> brokers(client::AdminClient& admin) const {
    if (!broker_.empty()) {
      return std::vector<std::string>{broker_};
    }
    if (!cluster_.empty()) {
      return admin.brokersOfCluster(cluster_);
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const auto clusters, admin.clusterInfo());
    std::vector<std::string> addresses;
    for (const auto& [name, broker] : clusters.broker_addr_table) {
      for (const auto& [id, address] : broker.broker_addrs) {
        addresses.push_back(address);
      }
    }
    return addresses;
  }

  const std::string_view name_;
  const std::string_view description_;
  const Request request_;
  std::string broker_;
  std::string cluster_;
};

}  // namespace

void addCleanCommands(CommandList& list) {
  list.push_back(std::make_unique<Clean>("cleanExpiredCQ", "Clean expired ConsumeQueue on broker.",
                                         &client::AdminClient::cleanExpiredConsumeQueue));
  list.push_back(std::make_unique<Clean>("cleanUnusedTopic", "Clean unused topic on broker.",
                                         &client::AdminClient::cleanUnusedTopic));
  list.push_back(std::make_unique<Clean>("deleteExpiredCommitLog",
                                         "Delete expired CommitLog files.",
                                         &client::AdminClient::deleteExpiredCommitLog));
}

}  // namespace rocketmq::mqadmin

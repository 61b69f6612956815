// brokerStatus, getBrokerConfig, updateBrokerConfig

#include <fmt/format.h>

#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "common/properties_file.h"
#include "tools/mqadmin/brokers.h"
#include "tools/mqadmin/command.h"

namespace rocketmq::mqadmin {
namespace {

class BrokerStatus : public Command {
 public:
  std::string_view name() const override { return "brokerStatus"; }
  std::string_view description() const override { return "Fetch broker runtime status data"; }

  void addOptions(CLI::App& app) override { brokers_.addTo(app, "ask"); }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto addresses, brokers_.all(admin));
    for (const std::string& address : addresses) {
      ROCKETMQ_ASSIGN_OR_RETURN(const auto table, admin.brokerRuntimeInfo(address));
      for (const auto& [key, value] : table) {
        if (brokers_.hasBroker()) {
          fmt::print("{:<32}: {}\n", key, value);
        } else {
          fmt::print("{:<24} {:<32}: {}\n", address, key, value);
        }
      }
    }
    return Status::ok();
  }

 private:
  BrokerChoice brokers_;
};

class GetBrokerConfig : public Command {
 public:
  std::string_view name() const override { return "getBrokerConfig"; }
  std::string_view description() const override {
    return "Get broker config by cluster or special broker!";
  }

  void addOptions(CLI::App& app) override { brokers_.addTo(app, "get"); }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto addresses, brokers_.masters(admin));
    for (const std::string& address : addresses) {
      ROCKETMQ_ASSIGN_OR_RETURN(const std::string text, admin.brokerConfig(address));
      ROCKETMQ_ASSIGN_OR_RETURN(const auto file, parsePropertiesFile(address, text));
      fmt::print("{}{}============\n",
                 brokers_.hasBroker() ? "============" : "============Master: ", address);
      if (file.lines.empty()) {
        fmt::print("Broker[{}] has no config property!\n", address);
      }
      for (const PropertyLine& line : file.lines) {
        fmt::print("{:<50}=  {}\n", line.key, line.value);
      }
      fmt::print("\n");
    }
    return Status::ok();
  }

 private:
  BrokerChoice brokers_;
};

class UpdateBrokerConfig : public Command {
 public:
  std::string_view name() const override { return "updateBrokerConfig"; }
  std::string_view description() const override { return "Update broker's config"; }

  void addOptions(CLI::App& app) override {
    brokers_.addTo(app, "update");
    app.add_option("-k,--key", key_, "config key")->required();
    app.add_option("-v,--value", value_, "config value")->required();
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto addresses, brokers_.masters(admin));
    return atEach(addresses, [&](const std::string& address) {
      ROCKETMQ_RETURN_IF_ERROR(admin.updateBrokerConfig(address, {{key_, value_}}));
      fmt::print("update broker config success, {}\n", address);
      return Status::ok();
    });
  }

 private:
  BrokerChoice brokers_;
  std::string key_;
  std::string value_;
};

}  // namespace

void addBrokerCommands(CommandList& list) {
  list.push_back(std::make_unique<UpdateBrokerConfig>());
  list.push_back(std::make_unique<GetBrokerConfig>());
  list.push_back(std::make_unique<BrokerStatus>());
}

}  // namespace rocketmq::mqadmin

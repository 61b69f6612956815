// updateKvConfig, deleteKvConfig, getNamesrvConfig, updateNamesrvConfig, wipeWritePerm,
// addWritePerm

#include <fmt/format.h>

#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "common/properties_file.h"
#include "tools/mqadmin/brokers.h"
#include "tools/mqadmin/command.h"

namespace rocketmq::mqadmin {
namespace {

class UpdateKvConfig : public Command {
 public:
  std::string_view name() const override { return "updateKvConfig"; }
  std::string_view description() const override { return "Create or update KV config."; }

  void addOptions(CLI::App& app) override {
    app.add_option("-s,--namespace", name_space_, "set the namespace")->required();
    app.add_option("-k,--key", key_, "set the key name")->required();
    app.add_option("-v,--value", value_, "set the key value")->required();
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_RETURN_IF_ERROR(admin.putKvConfig(name_space_, key_, value_));
    fmt::print("create or update kv config to namespace success.\n");
    return Status::ok();
  }

 private:
  std::string name_space_;
  std::string key_;
  std::string value_;
};

class DeleteKvConfig : public Command {
 public:
  std::string_view name() const override { return "deleteKvConfig"; }
  std::string_view description() const override { return "Delete KV config."; }

  void addOptions(CLI::App& app) override {
    app.add_option("-s,--namespace", name_space_, "set the namespace")->required();
    app.add_option("-k,--key", key_, "set the key name")->required();
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_RETURN_IF_ERROR(admin.deleteKvConfig(name_space_, key_));
    fmt::print("delete kv config from namespace success.\n");
    return Status::ok();
  }

 private:
  std::string name_space_;
  std::string key_;
};

class GetNamesrvConfig : public Command {
 public:
  std::string_view name() const override { return "getNamesrvConfig"; }
  std::string_view description() const override { return "Get configs of name server."; }
  void addOptions(CLI::App&) override {}

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto configs, admin.namesrvConfig());
    for (const auto& [address, text] : configs) {
      ROCKETMQ_ASSIGN_OR_RETURN(const auto file, parsePropertiesFile(address, text));
      fmt::print("============{}============\n", address);
      for (const PropertyLine& line : file.lines) {
        fmt::print("{:<50}=  {}\n", line.key, line.value);
      }
    }
    return Status::ok();
  }
};

class UpdateNamesrvConfig : public Command {
 public:
  std::string_view name() const override { return "updateNamesrvConfig"; }
  std::string_view description() const override { return "Update configs of name server."; }

  void addOptions(CLI::App& app) override {
    app.add_option("-k,--key", key_, "config key")->required();
    app.add_option("-v,--value", value_, "config value")->required();
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_RETURN_IF_ERROR(admin.updateNamesrvConfig({{key_, value_}}));
    std::string servers;
    ROCKETMQ_ASSIGN_OR_RETURN(const auto addresses, admin.nameServers());
    for (const std::string& server : addresses) {
      servers += (servers.empty() ? "" : ", ") + server;
    }
    fmt::print("update name server config success![{}]\n{} : {}\n", servers, key_, value_);
    return Status::ok();
  }

 private:
  std::string key_;
  std::string value_;
};

/// wipeWritePerm and addWritePerm: which requests they make and how they call it.
class ChangeWritePerm : public Command {
 public:
  using Call = Result<int32_t> (client::AdminClient::*)(const std::string& address,
                                                        const std::string& broker_name);

  ChangeWritePerm(std::string_view name, std::string_view description, std::string_view verb,
                  Call call)
      : name_(name), description_(description), verb_(verb), call_(call) {}

  std::string_view name() const override { return name_; }
  std::string_view description() const override { return description_; }

  void addOptions(CLI::App& app) override {
    app.add_option("-b,--brokerName", broker_name_, "broker name")->required();
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto name_servers, admin.nameServers());
    return atEach(name_servers, [&](const std::string& server) {
      ROCKETMQ_ASSIGN_OR_RETURN(const int32_t topics, (admin.*call_)(server, broker_name_));
      fmt::print("{} write perm of broker[{}] in name server[{}] OK, {}\n", verb_, broker_name_,
                 server, topics);
      return Status::ok();
    });
  }

 private:
  const std::string_view name_;
  const std::string_view description_;
  const std::string_view verb_;
  const Call call_;
  std::string broker_name_;
};

}  // namespace

void addNamesrvCommands(CommandList& list) {
  list.push_back(std::make_unique<UpdateKvConfig>());
  list.push_back(std::make_unique<DeleteKvConfig>());
  list.push_back(std::make_unique<ChangeWritePerm>("wipeWritePerm",
                                                   "Wipe write perm of broker in all name server",
                                                   "wipe", &client::AdminClient::wipeWritePerm));
  list.push_back(std::make_unique<ChangeWritePerm>("addWritePerm",
                                                   "Add write perm of broker in all name server",
                                                   "add", &client::AdminClient::addWritePerm));
  list.push_back(std::make_unique<GetNamesrvConfig>());
  list.push_back(std::make_unique<UpdateNamesrvConfig>());
}

}  // namespace rocketmq::mqadmin

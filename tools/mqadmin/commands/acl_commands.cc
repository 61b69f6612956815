// updateAclConfig, deleteAclConfig, clusterAclConfigVersion, updateGlobalWhiteAddr, getAclConfig

#include <fmt/format.h>

#include <map>
#include <string>

#include <CLI/CLI.hpp>

#include "common/json/decode.h"
#include "common/text.h"
#include "tools/mqadmin/brokers.h"
#include "tools/mqadmin/command.h"
#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

/// "[a, b]", as Java prints lists.
template <class List>
std::string listText(const List& list) {
  return fmt::format("[{}]", fmt::join(list, ", "));
}

class UpdateAclConfig : public Command {
 public:
  std::string_view name() const override { return "updateAclConfig"; }
  std::string_view description() const override { return "Update acl config yaml file in broker"; }

  void addOptions(CLI::App& app) override {
    brokers_.addTo(app, "update acl config file to");
    app.add_option("-a,--accessKey", account_.access_key, "set accessKey in acl config file")
        ->required();
    app.add_option("-s,--secretKey", secret_key_, "set secretKey in acl config file")->required();
    app.add_option("-w,--whiteRemoteAddress", account_.white_remote_address,
                   "set white ip Address for account in acl config file");
    app.add_option("-i,--defaultTopicPerm", account_.default_topic_perm,
                   "set default topicPerm in acl config file");
    app.add_option("-u,--defaultGroupPerm", account_.default_group_perm,
                   "set default GroupPerm in acl config file");
    app.add_option("-t,--topicPerms", account_.topic_perms,
                   "set topicPerms list,eg: topicA=DENY,topicD=SUB");
    app.add_option("-g,--groupPerms", account_.group_perms,
                   "set groupPerms list,eg: groupD=DENY,groupD=SUB");
    app.add_option("-m,--admin", admin_, "set admin flag in acl config file");
  }

  Status run(client::AdminClient& admin) override {
    account_.secret_key = secret_key_;
    if (!admin_.empty()) {
      account_.admin = parseBool(admin_);
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const auto addresses, brokers_.all(admin));
    const auto update = [&](const std::string& address) {
      ROCKETMQ_RETURN_IF_ERROR(admin.updateAclAccount(address, account_).withContext(address));
      fmt::print("create or update plain access config to {} success.\n", address);
      return Status::ok();
    };
    ROCKETMQ_RETURN_IF_ERROR(atEach(addresses, update));
    printAccount();
    return Status::ok();
  }

 private:
  /// RocketMQ prints the secret key too, which its caller has just typed; here nobody needs it.
  void printAccount() const {
    fmt::print(
        "PlainAccessConfig{{accessKey='{}', whiteRemoteAddress='{}', admin={}, "
        "defaultTopicPerm='{}', defaultGroupPerm='{}', topicPerms={}, groupPerms={}}}\n",
        account_.access_key, account_.white_remote_address.value_or(""),
        account_.admin.value_or(false), account_.default_topic_perm.value_or(""),
        account_.default_group_perm.value_or(""),
        listText(splitList(account_.topic_perms.value_or(""), ',')),
        listText(splitList(account_.group_perms.value_or(""), ',')));
  }

  BrokerChoice brokers_;
  remoting::UpdateAndCreateAclConfig account_;
  std::string secret_key_;
  std::string admin_;
};

class DeleteAclConfig : public Command {
 public:
  std::string_view name() const override { return "deleteAclConfig"; }
  std::string_view alias() const override { return "deleteAccessConfig"; }
  std::string_view description() const override { return "Delete Acl Config Account in broker"; }

  void addOptions(CLI::App& app) override {
    brokers_.addTo(app, "delete acl config account from");
    app.add_option("-a,--accessKey", access_key_,
                   "set accessKey in acl config file for deleting which account")
        ->required();
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto addresses, brokers_.all(admin));
    const auto remove = [&](const std::string& address) {
      ROCKETMQ_RETURN_IF_ERROR(admin.deleteAclAccount(address, access_key_).withContext(address));
      fmt::print("delete plain access config account from {} success.\n", address);
      return Status::ok();
    };
    ROCKETMQ_RETURN_IF_ERROR(atEach(addresses, remove));
    fmt::print("account's accesskey is:{}\n", access_key_);
    return Status::ok();
  }

 private:
  BrokerChoice brokers_;
  std::string access_key_;
};

class UpdateGlobalWhiteAddr : public Command {
 public:
  std::string_view name() const override { return "updateGlobalWhiteAddr"; }
  std::string_view description() const override {
    return "Update global white address for acl Config File in broker";
  }

  void addOptions(CLI::App& app) override {
    brokers_.addTo(app, "update global white address to");
    app.add_option("-g,--globalWhiteRemoteAddresses", request_.global_white_addrs,
                   "set globalWhiteRemoteAddress list,eg: 10.10.103.*,192.168.0.*")
        ->required();
    app.add_option("-p,--aclFileFullPath", request_.acl_file_full_path,
                   "set the full path of the acl file to change");
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto addresses, brokers_.all(admin));
    return atEach(addresses, [&](const std::string& address) {
      ROCKETMQ_RETURN_IF_ERROR(
          admin.updateGlobalWhiteAddresses(address, request_).withContext(address));
      fmt::print("update global white remote addresses to {} success.\n", address);
      return Status::ok();
    });
  }

 private:
  BrokerChoice brokers_;
  remoting::UpdateGlobalWhiteAddrsConfig request_;
};

class ClusterAclConfigVersion : public Command {
 public:
  std::string_view name() const override { return "clusterAclConfigVersion"; }
  std::string_view description() const override {
    return "List all of acl config version information in cluster";
  }

  void addOptions(CLI::App& app) override { brokers_.addTo(app, "query acl config version for"); }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto addresses, brokers_.masters(admin));
    fmt::print(kLine, "#Cluster Name", "#Broker Name", "#Broker Addr", "#AclFilePath",
               "#AclConfigVersionNum", "#AclLastUpdateTime");
    for (const std::string& address : addresses) {
      ROCKETMQ_RETURN_IF_ERROR(print(admin, address));
    }
    fmt::print("get {}'s plain access config version success.\n",
               brokers_.hasBroker() ? "broker" : "cluster");
    return Status::ok();
  }

 private:
  static constexpr auto kLine = "{:<16}  {:<22}  {:<22}  {:<20}  {:<22}  {:<22}\n";

  static Status print(client::AdminClient& admin, const std::string& address) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto info, admin.aclVersion(address));
    auto versions = json::decode<std::map<std::string, model::DataVersion>>(
        info.all_acl_file_version.empty() ? "{}" : info.all_acl_file_version);
    if (!versions.ok()) {
      return versions.status().withContext(address);
    }
    for (const auto& [path, version] : *versions) {
      fmt::print(kLine, info.cluster_name, info.broker_name, info.broker_addr, path,
                 version.counter, formatSeconds(version.timestamp));
    }
    return Status::ok();
  }

  BrokerChoice brokers_;
};

class GetAclConfig : public Command {
 public:
  std::string_view name() const override { return "getAclConfig"; }
  std::string_view alias() const override { return "getAccessConfigSubCommand"; }
  std::string_view description() const override {
    return "List all of acl config information in cluster";
  }

  void addOptions(CLI::App& app) override { brokers_.addTo(app, "query acl config of"); }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto addresses, brokers_.masters(admin));
    for (const std::string& address : addresses) {
      ROCKETMQ_ASSIGN_OR_RETURN(const auto config, admin.aclConfig(address));
      fmt::print("\n{:<20}: {}\n\naccounts:\n", "globalWhiteRemoteAddresses",
                 listText(config.global_white_addrs));
      for (const remoting::PlainAccessConfig& account : config.plain_access_configs) {
        print(account);
      }
    }
    return Status::ok();
  }

 private:
  static void print(const remoting::PlainAccessConfig& account) {
    const auto line = [](std::string_view name, const std::string& value) {
      fmt::print("  {:<18}: {}\n", name, value);
    };
    const auto list = [](const std::optional<std::vector<std::string>>& texts) {
      return texts ? listText(*texts) : std::string();
    };
    line("accessKey", account.access_key);
    line("secretKey", account.secret_key);
    line("whiteRemoteAddress", account.white_remote_address.value_or(""));
    line("admin", account.admin ? "true" : "false");
    line("defaultTopicPerm", account.default_topic_perm.value_or(""));
    line("defaultGroupPerm", account.default_group_perm.value_or(""));
    line("topicPerms", list(account.topic_perms));
    line("groupPerms", list(account.group_perms));
    fmt::print("\n");
  }

  BrokerChoice brokers_;
};

}  // namespace

void addAclCommands(CommandList& list) {
  list.push_back(std::make_unique<UpdateAclConfig>());
  list.push_back(std::make_unique<DeleteAclConfig>());
  list.push_back(std::make_unique<ClusterAclConfigVersion>());
  list.push_back(std::make_unique<UpdateGlobalWhiteAddr>());
  list.push_back(std::make_unique<GetAclConfig>());
}

}  // namespace rocketmq::mqadmin

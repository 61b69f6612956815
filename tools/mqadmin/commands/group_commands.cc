// updateSubGroup, deleteSubGroup, getConsumerConfig

#include <fmt/format.h>

#include <string>

#include <CLI/CLI.hpp>

#include "common/validate.h"
#include "tools/mqadmin/brokers.h"
#include "tools/mqadmin/command.h"
#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

class UpdateSubGroup : public Command {
 public:
  std::string_view name() const override { return "updateSubGroup"; }
  std::string_view description() const override { return "Update or create subscription group"; }

  void addOptions(CLI::App& app) override {
    brokers_.addTo(app, "create subscription group to");
    app.add_option("-g,--groupName", config_.group_name, "consumer group name")->required();
    app.add_option("-s,--consumeEnable", consume_enable_, "consume enable");
    app.add_option("-m,--consumeFromMinEnable", from_min_enable_, "from min offset");
    app.add_option("-d,--consumeBroadcastEnable", broadcast_enable_, "broadcast");
    app.add_option("-q,--retryQueueNums", config_.retry_queue_nums, "retry queue nums");
    app.add_option("-r,--retryMaxTimes", config_.retry_max_times, "retry max times");
    app.add_option("-i,--brokerId", config_.broker_id, "consumer from which broker id");
    app.add_option("-w,--whichBrokerWhenConsumeSlowly", config_.which_broker_when_consume_slowly,
                   "which broker id when consume slowly");
    app.add_option("-a,--notifyConsumerIdsChanged", notify_enable_, "notify consumerId changed");
  }

  Status run(client::AdminClient& admin) override {
    // RocketMQ parity: two of these are off unless asked for, unlike in groups made by a client.
    config_.consume_enable = parseBool(consume_enable_);
    config_.consume_from_min_enable = parseBool(from_min_enable_);
    config_.consume_broadcast_enable = parseBool(broadcast_enable_);
    config_.notify_consumer_ids_changed_enable = parseBool(notify_enable_);
    ROCKETMQ_ASSIGN_OR_RETURN(const auto addresses, brokers_.masters(admin));
    const auto update = [&](const std::string& address) {
      ROCKETMQ_RETURN_IF_ERROR(admin.updateSubscriptionGroup(address, config_));
      fmt::print("create subscription group to {} success.\n", address);
      return Status::ok();
    };
    ROCKETMQ_RETURN_IF_ERROR(atEach(addresses, update));
    fmt::print("{}\n", describe(config_));
    return Status::ok();
  }

 private:
  BrokerChoice brokers_;
  model::SubscriptionGroupConfig config_;
  std::string consume_enable_ = "true";
  std::string from_min_enable_ = "false";
  std::string broadcast_enable_ = "false";
  std::string notify_enable_ = "true";
};

class DeleteSubGroup : public Command {
 public:
  std::string_view name() const override { return "deleteSubGroup"; }
  std::string_view description() const override { return "Delete subscription group from broker."; }

  void addOptions(CLI::App& app) override {
    brokers_.addTo(app, "delete subscription group from");
    app.add_option("-g,--groupName", group_, "subscription group name")->required();
    app.add_option("-r,--removeOffset", remove_offset_, "remove offset");
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto addresses, brokers_.masters(admin));
    ROCKETMQ_RETURN_IF_ERROR(
        atEach(addresses, [&](const std::string& address) { return deleteAt(admin, address); }));
    return brokers_.hasBroker() ? Status::ok() : deleteGroupTopics(admin, addresses);
  }

 private:
  Status deleteAt(client::AdminClient& admin, const std::string& address) const {
    ROCKETMQ_RETURN_IF_ERROR(
        admin.deleteSubscriptionGroup(address, group_, parseBool(remove_offset_)));
    if (brokers_.hasBroker()) {
      fmt::print("delete subscription group [{}] from broker [{}] success.\n", group_, address);
    } else {
      fmt::print("delete subscription group [{}] from broker [{}] in cluster [{}] success.\n",
                 group_, address, brokers_.cluster());
    }
    return Status::ok();
  }

  /// In a whole cluster nobody is left to use the group's retry and dead-letter topics.
  Status deleteGroupTopics(client::AdminClient& admin,
                           const std::vector<std::string>& addresses) const {
    for (const std::string_view prefix : {kRetryTopicPrefix, kDlqTopicPrefix}) {
      const std::string topic = std::string(prefix) + group_;
      ROCKETMQ_RETURN_IF_ERROR(atEach(addresses, [&](const std::string& address) {
        return admin.deleteTopicInBroker(address, topic);
      }));
      fmt::print("delete topic [{}] from cluster [{}] success.\n", topic, brokers_.cluster());
      ROCKETMQ_RETURN_IF_ERROR(admin.deleteTopicInNameServers(topic));
      fmt::print("delete topic [{}] from NameServer success.\n", topic);
    }
    return Status::ok();
  }

  BrokerChoice brokers_;
  std::string group_;
  std::string remove_offset_;
};

class GetConsumerConfig : public Command {
 public:
  std::string_view name() const override { return "getConsumerConfig"; }
  std::string_view description() const override {
    return "Get consumer config by subscription group name!";
  }

  void addOptions(CLI::App& app) override {
    app.add_option("-g,--groupName", group_, "subscription group name")->required();
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto clusters, admin.clusterInfo());
    bool is_known = false;
    for (const auto& [name, broker] : clusters.broker_addr_table) {
      const auto master = broker.broker_addrs.find(0);
      if (master == broker.broker_addrs.end()) {
        continue;
      }
      ROCKETMQ_ASSIGN_OR_RETURN(const auto groups, admin.allSubscriptionGroups(master->second));
      const auto group = groups.subscription_group_table.find(group_);
      if (group != groups.subscription_group_table.end()) {
        constexpr std::string_view kLine = "=============================";
        fmt::print("{}{}:{}{}\n", kLine, broker.cluster, name, kLine);
        print(group->second);
        is_known = true;
      }
    }
    return is_known ? Status::ok() : Status::notFound("no master has the group " + group_);
  }

 private:
  /// What both releases have, in RocketMQ's order.
  static void print(const model::SubscriptionGroupConfig& config) {
    const auto line = [](std::string_view name, const auto& value) {
      fmt::print("{:<40}=  {}\n", name, value);
    };
    line("groupName", config.group_name);
    line("consumeEnable", config.consume_enable);
    line("consumeFromMinEnable", config.consume_from_min_enable);
    line("consumeBroadcastEnable", config.consume_broadcast_enable);
    line("retryQueueNums", config.retry_queue_nums);
    line("retryMaxTimes", config.retry_max_times);
    line("brokerId", config.broker_id);
    line("whichBrokerWhenConsumeSlowly", config.which_broker_when_consume_slowly);
    line("notifyConsumerIdsChangedEnable", config.notify_consumer_ids_changed_enable);
  }

  std::string group_;
};

}  // namespace

void addGroupCommands(CommandList& list) {
  list.push_back(std::make_unique<UpdateSubGroup>());
  list.push_back(std::make_unique<DeleteSubGroup>());
  list.push_back(std::make_unique<GetConsumerConfig>());
}

}  // namespace rocketmq::mqadmin

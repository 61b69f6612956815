// updateTopic, deleteTopic

#include <fmt/format.h>

#include <set>
#include <string>

#include <CLI/CLI.hpp>

#include "tools/mqadmin/brokers.h"
#include "tools/mqadmin/command.h"
#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

constexpr const char* kOrderNamespace = "ORDER_TOPIC_CONFIG";

class UpdateTopic : public Command {
 public:
  std::string_view name() const override { return "updateTopic"; }
  std::string_view description() const override { return "Update or create topic"; }

  void addOptions(CLI::App& app) override {
    brokers_.addTo(app, "create topic to");
    app.add_option("-t,--topic", config_.topic_name, "topic name")->required();
    app.add_option("-r,--readQueueNums", config_.read_queue_nums, "set read queue nums");
    app.add_option("-w,--writeQueueNums", config_.write_queue_nums, "set write queue nums");
    app.add_option("-p,--perm", config_.perm,
                   "set topic's permission(2|4|6), intro[2:W 4:R; 6:RW]");
    app.add_option("-o,--order", order_, "set topic's order(true|false)");
    app.add_option("-u,--unit", unit_, "is unit topic (true|false)");
    app.add_option("-s,--hasUnitSub", has_unit_sub_, "has unit sub (true|false)");
  }

  Status run(client::AdminClient& admin) override {
    config_.order = parseBool(order_);
    config_.topic_sys_flag = (parseBool(unit_) ? model::kTopicUnit : 0) |
                             (parseBool(has_unit_sub_) ? model::kTopicUnitSubscription : 0);
    ROCKETMQ_ASSIGN_OR_RETURN(const auto addresses, brokers_.masters(admin));
    const auto update = [&](const std::string& address) {
      ROCKETMQ_RETURN_IF_ERROR(admin.updateTopic(address, config_));
      fmt::print("create topic to {} success.\n", address);
      return Status::ok();
    };
    ROCKETMQ_RETURN_IF_ERROR(atEach(addresses, update));
    if (config_.order) {
      ROCKETMQ_RETURN_IF_ERROR(writeOrder(admin));
    }
    fmt::print("{}\n", describe(config_));
    return Status::ok();
  }

 private:
  /// Which queues an ordered topic has, for clients that ask the name server:
  /// "broker-a:4;broker-b:4".
  Status writeOrder(client::AdminClient& admin) const {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto cluster_info, admin.clusterInfo());
    std::string order;
    for (const auto& [broker_name, broker] : cluster_info.broker_addr_table) {
      const auto master = broker.broker_addrs.find(0);
      if (master == broker.broker_addrs.end() ||
          (brokers_.hasBroker() ? master->second != brokers_.broker()
                                : broker.cluster != brokers_.cluster())) {
        continue;
      }
      order +=
          fmt::format("{}{}:{}", order.empty() ? "" : ";", broker_name, config_.write_queue_nums);
    }
    ROCKETMQ_RETURN_IF_ERROR(admin.putKvConfig(kOrderNamespace, config_.topic_name, order));
    fmt::print("set {} orderConf. isOrder=true, orderConf=[{}]\n",
               brokers_.hasBroker() ? "broker" : "cluster", order);
    return Status::ok();
  }

  BrokerChoice brokers_;
  model::TopicConfig config_{
      .topic_name = {}, .read_queue_nums = 8, .write_queue_nums = 8, .attributes = std::nullopt};
  std::string order_;
  std::string unit_;
  std::string has_unit_sub_;
};

class DeleteTopic : public Command {
 public:
  std::string_view name() const override { return "deleteTopic"; }
  std::string_view description() const override {
    return "Delete topic from broker and NameServer.";
  }

  void addOptions(CLI::App& app) override {
    app.add_option("-t,--topic", topic_, "topic name")->required();
    app.add_option("-c,--clusterName", cluster_, "delete topic from which cluster")->required();
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto masters, admin.mastersOfCluster(cluster_));
    const Status at_brokers =
        atEachBroker(masters, [&](const std::string&, const std::string& address) {
          return admin.deleteTopicInBroker(address, topic_);
        });
    if (at_brokers.isOk()) {
      fmt::print("delete topic [{}] from cluster [{}] success.\n", topic_, cluster_);
    }
    // In any case: a broker that still has the topic registers it again.
    ROCKETMQ_RETURN_IF_ERROR(admin.deleteTopicInNameServers(topic_));
    ROCKETMQ_RETURN_IF_ERROR(at_brokers);
    // Else a topic that is made anew under the name would be ordered.
    ROCKETMQ_RETURN_IF_ERROR(admin.deleteKvConfig(kOrderNamespace, topic_));
    fmt::print("delete topic [{}] from NameServer success.\n", topic_);
    return Status::ok();
  }

 private:
  std::string topic_;
  std::string cluster_;
};

}  // namespace

void addTopicCommands(CommandList& list) {
  list.push_back(std::make_unique<UpdateTopic>());
  list.push_back(std::make_unique<DeleteTopic>());
}

}  // namespace rocketmq::mqadmin

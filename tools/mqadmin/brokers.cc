#include "tools/mqadmin/brokers.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "common/model/permission.h"
#include "common/validate.h"

namespace rocketmq::mqadmin {
namespace {

Status allOf(size_t failures, size_t servers, std::string_view kind) {
  return failures == 0 ? Status::ok()
                       : Status::internal(fmt::format("failed at {} of {} {}, as said above",
                                                      failures, servers, kind));
}

}  // namespace

void BrokerChoice::addTo(CLI::App& app, const std::string& verb) {
  app.add_option("-b,--brokerAddr", broker_, verb + " which broker");
  app.add_option("-c,--clusterName", cluster_, verb + " which cluster");
}

Status BrokerChoice::check() const {
  if (broker_.empty() == cluster_.empty()) {
    return Status::invalidArgument(
        "give one of -b HOST:PORT (one broker) and -c CLUSTER (all its masters)");
  }
  return Status::ok();
}

Result<std::vector<std::string>> BrokerChoice::masters(client::AdminClient& admin) const {
  ROCKETMQ_RETURN_IF_ERROR(check());
  if (hasBroker()) {
    return std::vector<std::string>{broker_};
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto by_name, admin.mastersOfCluster(cluster_));
  std::vector<std::string> addresses;
  for (const auto& [name, address] : by_name) {
    addresses.push_back(address);
  }
  return addresses;
}

Result<std::vector<std::string>> BrokerChoice::all(client::AdminClient& admin) const {
  ROCKETMQ_RETURN_IF_ERROR(check());
  if (hasBroker()) {
    return std::vector<std::string>{broker_};
  }
  return admin.brokersOfCluster(cluster_);
}

Result<std::map<std::string, std::string>> brokersToAsk(client::AdminClient& admin,
                                                        const std::string& topic,
                                                        const std::string& cluster) {
  return cluster.empty() ? admin.brokersOfTopic(topic) : admin.mastersOfCluster(cluster);
}

Result<std::map<std::string, std::string>> brokersOfGroup(client::AdminClient& admin,
                                                          const std::string& group) {
  auto brokers = admin.brokersOfTopic(std::string(kRetryTopicPrefix) + group);
  if (brokers.ok()) {
    return brokers;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto cluster_info, admin.clusterInfo());
  std::map<std::string, std::string> masters;
  for (const auto& [name, broker] : cluster_info.broker_addr_table) {
    if (!broker.broker_addrs.empty()) {
      masters[name] = broker.broker_addrs.begin()->second;
    }
  }
  return masters;
}

Status atEachBroker(const std::map<std::string, std::string>& brokers,
                    const std::function<Status(const std::string&, const std::string&)>& work) {
  size_t failures = 0;
  for (const auto& [name, address] : brokers) {
    const Status done = work(name, address);
    if (!done.isOk()) {
      ++failures;
      fmt::print("{} ({}) failed: {}\n", name, address, done.message());
    }
  }
  return allOf(failures, brokers.size(), "brokers");
}

Status atEach(const std::vector<std::string>& addresses,
              const std::function<Status(const std::string&)>& work) {
  if (addresses.size() == 1) {
    return work(addresses.front());
  }
  size_t failures = 0;
  for (const std::string& address : addresses) {
    const Status done = work(address);
    if (!done.isOk()) {
      ++failures;
      fmt::print("{} failed: {}\n", address, done.message());
    }
  }
  return allOf(failures, addresses.size(), "servers");
}

Result<OnlineGroup> onlineGroup(client::AdminClient& admin, const std::string& group,
                                const std::string& broker) {
  std::map<std::string, std::string> brokers{{broker, broker}};
  if (broker.empty()) {
    ROCKETMQ_ASSIGN_OR_RETURN(brokers, brokersOfGroup(admin, group));
  }
  Status last = Status::notFound("no broker knows the group " + group);
  for (const auto& [name, address] : brokers) {
    auto members = admin.consumerConnection(address, group);
    if (members.ok() && *members) {
      return OnlineGroup{.broker = address, .members = std::move(**members)};
    }
    last = members.ok() ? Status::notFound("the group " + group + " has no member at " + address)
                        : members.status();
  }
  return last;
}

std::string describe(const model::TopicConfig& config) {
  return fmt::format(
      "TopicConfig [topicName={}, readQueueNums={}, writeQueueNums={}, perm={}, "
      "topicFilterType={}, topicSysFlag={}, order={}]",
      config.topic_name, config.read_queue_nums, config.write_queue_nums,
      model::formatPermission(config.perm), json::nameOf(config.topic_filter_type),
      config.topic_sys_flag, config.order);
}

std::string describe(const model::SubscriptionGroupConfig& config) {
  return fmt::format(
      "SubscriptionGroupConfig [groupName={}, consumeEnable={}, consumeFromMinEnable={}, "
      "consumeBroadcastEnable={}, retryQueueNums={}, retryMaxTimes={}, brokerId={}, "
      "whichBrokerWhenConsumeSlowly={}, notifyConsumerIdsChangedEnable={}]",
      config.group_name, config.consume_enable, config.consume_from_min_enable,
      config.consume_broadcast_enable, config.retry_queue_nums, config.retry_max_times,
      config.broker_id, config.which_broker_when_consume_slowly,
      config.notify_consumer_ids_changed_enable);
}

}  // namespace rocketmq::mqadmin

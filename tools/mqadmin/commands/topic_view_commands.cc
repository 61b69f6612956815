// topicList, topicRoute, topicStatus, topicClusterList, allocateMQ

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/fields.h"
#include "common/json/encode.h"
#include "common/model/message_queue.h"
#include "common/text.h"
#include "common/validate.h"
#include "rocketmq/consumer_config.h"
#include "tools/mqadmin/command.h"
#include "tools/mqadmin/queues.h"
#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

class TopicList : public Command {
 public:
  std::string_view name() const override { return "topicList"; }
  std::string_view description() const override { return "Fetch all topic list from name server"; }

  void addOptions(CLI::App& app) override {
    app.add_flag("-c,--clusterModel", with_clusters_, "clusterModel");
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto topics, admin.topicList());
    if (!with_clusters_) {
      for (const std::string& topic : topics) {
        fmt::print("{}\n", topic);
      }
      return Status::ok();
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const auto cluster_info, admin.clusterInfo());
    fmt::print("{:<20}  {:<48}  {:<48}\n", "#Cluster Name", "#Topic", "#Consumer Group");
    for (const std::string& topic : topics) {
      if (!isRetryTopic(topic) && !isDlqTopic(topic)) {
        ROCKETMQ_RETURN_IF_ERROR(printRows(admin, cluster_info, topic));
      }
    }
    return Status::ok();
  }

 private:
  static Status printRows(client::AdminClient& admin, const remoting::ClusterInfo& cluster_info,
                          const std::string& topic) {
    const auto route = admin.topicRoute(topic);
    if (!route.ok()) {
      return Status::ok();  // Gone since it was listed.
    }
    std::set<std::string> groups;
    std::string cluster;
    for (const model::BrokerData& broker : route->broker_datas) {
      cluster = broker.cluster;
      if (broker.broker_addrs.empty()) {
        continue;
      }
      ROCKETMQ_ASSIGN_OR_RETURN(const auto of_broker,
                                admin.groupsOfTopic(broker.broker_addrs.begin()->second, topic));
      groups.insert(of_broker.begin(), of_broker.end());
    }
    if (cluster.empty() && !cluster_info.cluster_addr_table.empty()) {
      cluster = cluster_info.cluster_addr_table.begin()->first;
    }
    if (groups.empty()) {
      groups.insert("");
    }
    for (const std::string& group : groups) {
      fmt::print("{:<20}  {:<64}  {:<64}\n", cut(cluster, 20), cut(topic, 64), cut(group, 64));
    }
    return Status::ok();
  }

  bool with_clusters_ = false;
};

class TopicRoute : public Command {
 public:
  std::string_view name() const override { return "topicRoute"; }
  std::string_view description() const override { return "Examine topic route info"; }

  void addOptions(CLI::App& app) override {
    app.add_option("-t,--topic", topic_, "topic name")->required();
    app.add_flag("-l,--list", as_list_, "Use list format to print data");
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto route, admin.topicRoute(topic_));
    if (!as_list_) {
      fmt::print("{}\n", json::encode(route, json::Style::kPretty));
      return Status::ok();
    }
    fmt::print("{:<45} {:<32} {:<50} {:<10} {:<11} {:<5}\n", "#ClusterName", "#BrokerName",
               "#BrokerAddrs", "#ReadQueue", "#WriteQueue", "#Perm");
    int32_t read = 0;
    int32_t write = 0;
    for (const model::QueueData& queues : route.queue_datas) {
      read += queues.read_queue_nums;
      write += queues.write_queue_nums;
      const auto broker = std::find_if(
          route.broker_datas.begin(), route.broker_datas.end(),
          [&](const model::BrokerData& data) { return data.broker_name == queues.broker_name; });
      const bool known = broker != route.broker_datas.end();
      std::string addresses;
      if (known) {
        for (const auto& [id, address] : broker->broker_addrs) {
          addresses += fmt::format("{}{}={}", addresses.empty() ? "" : ", ", id, address);
        }
      }
      fmt::print("{:<45} {:<32} {:<50} {:<10} {:<11} {:<5}\n", known ? broker->cluster : "",
                 queues.broker_name, "{" + addresses + "}", queues.read_queue_nums,
                 queues.write_queue_nums, queues.perm);
    }
    fmt::print("{:-<158}\n", "");
    fmt::print("{:<45} {:<32} {:<50} {:<10} {:<11} {:<5}\n", "Total:", route.queue_datas.size(), "",
               read, write, "");
    return Status::ok();
  }

 private:
  std::string topic_;
  bool as_list_ = false;
};

class TopicStatus : public Command {
 public:
  std::string_view name() const override { return "topicStatus"; }
  std::string_view description() const override { return "Examine topic Status info"; }

  void addOptions(CLI::App& app) override {
    app.add_option("-t,--topic", topic_, "topic name")->required();
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, admin.brokersOfTopic(topic_));
    std::map<model::MessageQueue, remoting::TopicOffset> queues;
    for (const auto& [broker_name, address] : brokers) {
      ROCKETMQ_ASSIGN_OR_RETURN(const auto stats, admin.topicStats(address, topic_));
      queues.insert(stats.offset_table.begin(), stats.offset_table.end());
    }
    fmt::print("{:<32}  {:<4}  {:<20}  {:<20}    {}\n", "#Broker Name", "#QID", "#Min Offset",
               "#Max Offset", "#Last Updated");
    for (const auto& [queue, offset] : queues) {
      fmt::print(
          "{:<32}  {:<4}  {:<20}  {:<20}    {}\n", cut(queue.broker_name, 32), queue.queue_id,
          offset.min_offset, offset.max_offset,
          offset.last_update_timestamp > 0 ? formatMillis(offset.last_update_timestamp) : "");
    }
    return Status::ok();
  }

 private:
  std::string topic_;
};

class TopicClusterList : public Command {
 public:
  std::string_view name() const override { return "topicClusterList"; }
  std::string_view description() const override { return "Get cluster info for topic"; }

  void addOptions(CLI::App& app) override {
    app.add_option("-t,--topic", topic_, "topic name")->required();
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto route, admin.topicRoute(topic_));
    std::set<std::string> clusters;
    for (const model::BrokerData& broker : route.broker_datas) {
      clusters.insert(broker.cluster);
    }
    for (const std::string& cluster : clusters) {
      fmt::print("{}\n", cluster);
    }
    return Status::ok();
  }

 private:
  std::string topic_;
};

/// RocketMQ: RebalanceResult.
struct Allocation {
  std::map<std::string, std::vector<model::MessageQueue>> result;  ///< By member.

  static constexpr auto fields() { return std::tuple{optional("result", &Allocation::result)}; }
};

class AllocateMq : public Command {
 public:
  std::string_view name() const override { return "allocateMQ"; }
  std::string_view description() const override { return "Allocate MQ"; }

  void addOptions(CLI::App& app) override {
    app.add_option("-t,--topic", topic_, "topic name")->required();
    app.add_option("-i,--ipList", members_, "ipList, separated by commas")->required();
  }

  Status run(client::AdminClient& admin) override {
    std::vector<std::string> members;
    for (const std::string_view member : splitTrimmedList(members_, ',')) {
      members.emplace_back(member);
    }
    std::sort(members.begin(), members.end());  // As the members of a group do it.
    ROCKETMQ_ASSIGN_OR_RETURN(const auto readable, readableQueues(admin, topic_));
    std::vector<MessageQueue> queues;
    for (const ReadableQueue& at : readable) {
      queues.push_back(at.queue);
    }
    const AllocateMessageQueueStrategy averagely = allocateAveragely();
    Allocation allocation;
    for (const std::string& member : members) {
      auto& share = allocation.result[member];
      for (const MessageQueue& queue : averagely("", member, queues, members)) {
        share.push_back(
            {.topic = queue.topic, .broker_name = queue.broker_name, .queue_id = queue.queue_id});
      }
    }
    fmt::print("{}\n", json::encode(allocation));
    return Status::ok();
  }

 private:
  std::string topic_;
  std::string members_;
};

}  // namespace

void addTopicViewCommands(CommandList& list) {
  list.push_back(std::make_unique<TopicRoute>());
  list.push_back(std::make_unique<TopicStatus>());
  list.push_back(std::make_unique<TopicClusterList>());
  list.push_back(std::make_unique<TopicList>());
  list.push_back(std::make_unique<AllocateMq>());
}

}  // namespace rocketmq::mqadmin

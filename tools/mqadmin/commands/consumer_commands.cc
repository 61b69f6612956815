// consumerProgress, consumerConnection, producerConnection

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/validate.h"
#include "tools/mqadmin/brokers.h"
#include "tools/mqadmin/command.h"
#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

/// A group over all its brokers.
struct GroupProgress {
  remoting::ConsumeStats stats;
  std::optional<remoting::ConsumerConnection> online;

  int64_t diff() const {
    int64_t sum = 0;
    for (const auto& [queue, offset] : stats.offset_table) {
      sum += offset.broker_offset - offset.consumer_offset;
    }
    return sum;
  }
};

Result<GroupProgress> progressOf(client::AdminClient& admin, const std::string& group) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, brokersOfGroup(admin, group));
  GroupProgress progress;
  for (const auto& [name, address] : brokers) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto stats, admin.consumeStats(address, group));
    progress.stats.consume_tps += stats.consume_tps;
    progress.stats.offset_table.insert(stats.offset_table.begin(), stats.offset_table.end());
    if (!progress.online) {
      auto connection = admin.consumerConnection(address, group);
      if (connection.ok()) {
        progress.online = std::move(*connection);  // Nobody, perhaps.
      }
    }
  }
  return progress;
}

class ConsumerProgress : public Command {
 public:
  std::string_view name() const override { return "consumerProgress"; }
  std::string_view description() const override { return "Query consumers's progress, speed"; }

  void addOptions(CLI::App& app) override {
    app.add_option("-g,--groupName", group_, "consumer group name");
    app.add_option("-s,--showClientIP", show_client_ip_, "Show Client IP per Queue");
  }

  Status run(client::AdminClient& admin) override {
    return group_.empty() ? printAll(admin) : printOne(admin);
  }

 private:
  Status printOne(client::AdminClient& admin) const {
    ROCKETMQ_ASSIGN_OR_RETURN(const GroupProgress progress, progressOf(admin, group_));
    const bool with_clients = parseBool(show_client_ip_);
    std::map<model::MessageQueue, std::string> owners;
    if (with_clients && progress.online) {
      owners = queueOwners(admin, *progress.online);
    }
    if (with_clients) {
      fmt::print("{:<64}  {:<32}  {:<4}  {:<20}  {:<20}  {:<20} {:<20}  {}\n", "#Topic",
                 "#Broker Name", "#QID", "#Broker Offset", "#Consumer Offset", "#Client IP",
                 "#Diff", "#LastTime");
    } else {
      fmt::print("{:<64}  {:<32}  {:<4}  {:<20}  {:<20}  {:<20}  {}\n", "#Topic", "#Broker Name",
                 "#QID", "#Broker Offset", "#Consumer Offset", "#Diff", "#LastTime");
    }
    for (const auto& [queue, offset] : progress.stats.offset_table) {
      fmt::print("{:<64}  {:<32}  {:<4}  {:<20}  {:<20}  ", cut(queue.topic, 64),
                 cut(queue.broker_name, 32), queue.queue_id, offset.broker_offset,
                 offset.consumer_offset);
      if (with_clients) {
        const auto owner = owners.find(queue);
        fmt::print("{:<20} ", owner == owners.end() ? "N/A" : owner->second);
      }
      fmt::print("{:<20}  {}\n", offset.broker_offset - offset.consumer_offset,
                 offset.last_timestamp > 0 ? formatSeconds(offset.last_timestamp) : "N/A");
    }
    fmt::print("\nConsume TPS: {:.2f}\nDiff Total: {}\n", progress.stats.consume_tps,
               progress.diff());
    return Status::ok();
  }

  /// Which client has which queue, by what the clients say themselves.
  std::map<model::MessageQueue, std::string> queueOwners(
      client::AdminClient& admin, const remoting::ConsumerConnection& online) const {
    std::map<model::MessageQueue, std::string> owners;
    const auto brokers = brokersOfGroup(admin, group_);
    if (!brokers.ok()) {
      return owners;
    }
    for (const auto& [name, address] : *brokers) {
      for (const remoting::ConnectionInfo& member : online.connection_set) {
        const auto text = admin.consumerRunningInfo(address, group_, member.client_id, false);
        const auto info = text.ok() ? json::decode<remoting::ConsumerRunningInfo>(*text)
                                    : Result<remoting::ConsumerRunningInfo>(text.status());
        if (info.ok()) {
          for (const auto& [queue, state] : info->mq_table) {
            owners[queue] = member.client_id.substr(0, member.client_id.find('@'));
          }
        }
      }
    }
    return owners;
  }

  static Status printAll(client::AdminClient& admin) {
    struct Row {
      std::string group;
      GroupProgress progress;
    };
    std::vector<Row> rows;
    ROCKETMQ_ASSIGN_OR_RETURN(const auto topics, admin.topicList());
    for (const std::string& topic : topics) {
      if (isRetryTopic(topic)) {
        Row row{.group = topic.substr(kRetryTopicPrefix.size()), .progress = {}};
        auto progress = progressOf(admin, row.group);
        if (progress.ok()) {
          row.progress = std::move(*progress);
        }
        rows.push_back(std::move(row));
      }
    }
    std::sort(rows.begin(), rows.end(),
              [](const Row& a, const Row& b) { return a.progress.diff() > b.progress.diff(); });
    fmt::print("{:<64}  {:<6}  {:<24} {:<5}  {:<14}  {:<7}  {}\n", "#Group", "#Count", "#Version",
               "#Type", "#Model", "#TPS", "#Diff Total");
    for (const Row& row : rows) {
      const auto& online = row.progress.online;
      int32_t version = INT32_MAX;
      for (const remoting::ConnectionInfo& member :
           online ? online->connection_set : std::vector<remoting::ConnectionInfo>()) {
        version = std::min(version, member.version);
      }
      const bool is_pull = online && online->consume_type == model::ConsumeType::kActively;
      fmt::print("{:<64}  {:<6}  {:<24} {:<5}  {:<14}  {:<7}  {}\n", cut(row.group, 64),
                 online ? online->connection_set.size() : 0,
                 online ? remoting::versionName(version) : "OFFLINE",
                 online ? (is_pull ? "PULL" : "PUSH") : "",
                 online ? json::nameOf(online->message_model) : "",
                 static_cast<int64_t>(row.progress.stats.consume_tps), row.progress.diff());
    }
    return Status::ok();
  }

  std::string group_;
  std::string show_client_ip_;
};

class ConsumerConnection : public Command {
 public:
  std::string_view name() const override { return "consumerConnection"; }
  std::string_view description() const override {
    return "Query consumer's socket connection, client version and subscription";
  }

  void addOptions(CLI::App& app) override {
    app.add_option("-g,--consumerGroup", group_, "consumer group name")->required();
    app.add_option("-b,--brokerAddr", broker_, "broker address");
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const OnlineGroup online, onlineGroup(admin, group_, broker_));
    const remoting::ConsumerConnection& connection = online.members;
    fmt::print("{:<36} {:<22} {:<10} {}\n", "#ClientId", "#ClientAddr", "#Language", "#Version");
    for (const remoting::ConnectionInfo& member : connection.connection_set) {
      fmt::print("{:<36} {:<22} {:<10} {}\n", member.client_id, member.client_addr,
                 toString(member.language), remoting::versionName(member.version));
    }
    fmt::print("\nBelow is subscription:\n{:<20} {}\n", "#Topic", "#SubExpression");
    for (const auto& [topic, subscription] : connection.subscription_table) {
      fmt::print("{:<20} {}\n", topic, subscription.sub_string);
    }
    fmt::print("\nConsumeType: {}\nMessageModel: {}\nConsumeFromWhere: {}\n",
               json::nameOf(connection.consume_type), json::nameOf(connection.message_model),
               json::nameOf(connection.consume_from_where));
    return Status::ok();
  }

 private:
  std::string group_;
  std::string broker_;
};

class ProducerConnection : public Command {
 public:
  std::string_view name() const override { return "producerConnection"; }
  std::string_view description() const override {
    return "Query producer's socket connection and client version";
  }

  void addOptions(CLI::App& app) override {
    app.add_option("-g,--producerGroup", group_, "producer group name")->required();
    app.add_option("-t,--topic", topic_, "topic name")->required();
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, admin.brokersOfTopic(topic_));
    Status last = Status::notFound("no broker has the topic " + topic_);
    for (const auto& [name, address] : brokers) {
      const auto connection = admin.producerConnection(address, group_);
      if (!connection.ok()) {
        last = connection.status();
        continue;
      }
      int row = 1;
      for (const remoting::ConnectionInfo& member : connection->connection_set) {
        fmt::print("{:04}  {:<32} {:<22} {:<8} {}\n", row++, member.client_id, member.client_addr,
                   toString(member.language), remoting::versionName(member.version));
      }
      return Status::ok();
    }
    return last;
  }

 private:
  std::string group_;
  std::string topic_;
};

}  // namespace

void addConsumerCommands(CommandList& list) {
  list.push_back(std::make_unique<ProducerConnection>());
  list.push_back(std::make_unique<ConsumerConnection>());
  list.push_back(std::make_unique<ConsumerProgress>());
}

}  // namespace rocketmq::mqadmin

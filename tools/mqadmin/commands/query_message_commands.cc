// queryMsgById, queryMsgByKey, queryMsgByUniqueKey, queryMsgByOffset

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/json/encode.h"
#include "common/text.h"
#include "tools/mqadmin/brokers.h"
#include "tools/mqadmin/command.h"
#include "tools/mqadmin/message_view.h"
#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

constexpr const char* kClusterHelp = "Cluster name: ask all its masters, not those of the topic";
constexpr const char* kBodyHelp = "Print the body too (in any charset: it is printed as it is)";

/// All messages with a unique id, at most 32 of a broker. NotFound when there is none.
Result<std::vector<MessageExt>> findByUniqueId(client::AdminClient& admin, const std::string& topic,
                                               const std::string& cluster, const std::string& id) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, brokersToAsk(admin, topic, cluster));
  std::vector<MessageExt> found;
  for (const auto& [name, address] : brokers) {
    ROCKETMQ_ASSIGN_OR_RETURN(
        const auto messages,
        admin.queryMessages(address,
                            {.topic = topic, .key = id, .unique_key = true, .max_messages = 32}));
    found.insert(found.end(), messages.begin(), messages.end());
  }
  if (found.empty()) {
    return Status::notFound("no message of topic " + topic + " has the unique key " + id);
  }
  return found;
}

/// Has one consumer consume the message now, apart from all offsets.
Status consumeDirectly(client::AdminClient& admin, const MessageExt& message,
                       const std::string& group, const std::string& client_id) {
  ROCKETMQ_ASSIGN_OR_RETURN(
      const auto result,
      admin.consumeMessageDirectly(message.storeHost(), group, client_id, message.offsetMsgId()));
  fmt::print("{}\n", json::encode(result));
  return Status::ok();
}

class QueryMsgById : public Command {
 public:
  std::string_view name() const override { return "queryMsgById"; }
  std::string_view description() const override { return "Query Message by Id"; }

  void addOptions(CLI::App& app) override {
    app.add_option("-i,--msgId", ids_, "Message Id (several with commas)")->required();
    app.add_option("-t,--topic", topic_, "topic name; needed for unique ids");
    app.add_option("-g,--consumerGroup", group_, "consumer group name");
    app.add_option("-d,--clientId", client_id_, "The consumer's client id");
    app.add_option("-s,--sendMessage", resend_, "send the message again (true or false)");
    app.add_option("-f,--bodyFormat", body_format_, kBodyHelp);
    app.add_option("-c,--cluster", cluster_, kClusterHelp);
  }

  Status run(client::AdminClient& admin) override {
    if (group_.empty() != client_id_.empty()) {
      return Status::invalidArgument(
          "-g and -d go together: they name the consumer that has to consume the message");
    }
    for (const std::string_view part : splitList(ids_, ',')) {
      ROCKETMQ_ASSIGN_OR_RETURN(const MessageExt message, find(admin, std::string(part)));
      if (!group_.empty()) {
        ROCKETMQ_RETURN_IF_ERROR(consumeDirectly(admin, message, group_, client_id_));
      } else if (parseBool(resend_)) {
        ROCKETMQ_RETURN_IF_ERROR(resend(admin, message));
      } else {
        ROCKETMQ_RETURN_IF_ERROR(printMessage(message, true, !body_format_.empty()));
        ROCKETMQ_RETURN_IF_ERROR(printTrack(admin, message));
      }
    }
    return Status::ok();
  }

 private:
  /// By either kind of id, as 5.x does.
  Result<MessageExt> find(client::AdminClient& admin, const std::string& id) const {
    auto found = admin.messageById(id);
    if (found.ok() || topic_.empty() || found.status().code() != StatusCode::kInvalidArgument) {
      return found;
    }
    ROCKETMQ_ASSIGN_OR_RETURN(auto messages, findByUniqueId(admin, topic_, cluster_, id));
    return std::move(messages.front());
  }

  /// The same message once more, with all its properties.
  static Status resend(client::AdminClient& admin, const MessageExt& message) {
    fmt::print("prepare resend msg. originalMsgId={}\n", message.msgId());
    ROCKETMQ_ASSIGN_OR_RETURN(const SendResult sent, admin.send(message));
    fmt::print("{} {} queue {} offset {}, message id {}\n", toString(sent.status),
               sent.message_queue.broker_name, sent.message_queue.queue_id, sent.queue_offset,
               sent.offset_msg_id);
    return Status::ok();
  }

  std::string ids_;
  std::string topic_;
  std::string group_;
  std::string client_id_;
  std::string resend_ = "false";
  std::string body_format_;
  std::string cluster_;
};

class QueryMsgByKey : public Command {
 public:
  std::string_view name() const override { return "queryMsgByKey"; }
  std::string_view description() const override { return "Query Message by Key"; }

  void addOptions(CLI::App& app) override {
    app.add_option("-t,--topic", query_.topic, "topic name")->required();
    app.add_option("-k,--msgKey", query_.key, "Message Key")->required();
    app.add_option("-b,--beginTimestamp", query_.begin_ms, "Begin timestamp in ms");
    app.add_option("-e,--endTimestamp", query_.end_ms, "End timestamp in ms");
    app.add_option("-m,--maxNum", query_.max_messages, "The maximum number of messages")
        ->check(CLI::Range(1, 64));
    app.add_option("-c,--cluster", cluster_, kClusterHelp);
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, brokersToAsk(admin, query_.topic, cluster_));
    fmt::print("{:<50} {:>4} {:>40}\n", "#Message ID", "#QID", "#Offset");
    for (const auto& [name, address] : brokers) {
      ROCKETMQ_ASSIGN_OR_RETURN(const auto messages, admin.queryMessages(address, query_));
      for (const MessageExt& message : messages) {
        fmt::print("{:<50} {:>4} {:>40}\n", message.msgId(), message.queueId(),
                   message.queueOffset());
      }
    }
    return Status::ok();
  }

 private:
  client::AdminClient::MessageQuery query_;
  std::string cluster_;
};

class QueryMsgByUniqueKey : public Command {
 public:
  std::string_view name() const override { return "queryMsgByUniqueKey"; }
  std::string_view description() const override { return "Query Message by Unique key"; }

  void addOptions(CLI::App& app) override {
    app.add_option("-t,--topic", topic_, "The topic of msg")->required();
    app.add_option("-i,--msgId", id_, "Message Id")->required();
    app.add_option("-g,--consumerGroup", group_, "consumer group name");
    app.add_option("-d,--clientId", client_id_, "The consumer's client id");
    app.add_flag("-a,--showAll", show_all_, "Print all message, the limit is 32");
    app.add_option("-c,--cluster", cluster_, kClusterHelp);
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(auto found, findByUniqueId(admin, topic_, cluster_, id_));
    if (!show_all_) {
      found.resize(1);
    }
    for (const MessageExt& message : found) {
      if (!group_.empty() && !client_id_.empty()) {
        ROCKETMQ_RETURN_IF_ERROR(consumeDirectly(admin, message, group_, client_id_));
        continue;
      }
      ROCKETMQ_RETURN_IF_ERROR(printMessage(message, false));
      ROCKETMQ_RETURN_IF_ERROR(printTrack(admin, message));
    }
    return Status::ok();
  }

 private:
  std::string topic_;
  std::string id_;
  std::string group_;
  std::string client_id_;
  std::string cluster_;
  bool show_all_ = false;
};

class QueryMsgByOffset : public Command {
 public:
  std::string_view name() const override { return "queryMsgByOffset"; }
  std::string_view description() const override { return "Query Message by offset"; }

  void addOptions(CLI::App& app) override {
    app.add_option("-t,--topic", queue_.topic, "topic name")->required();
    app.add_option("-b,--brokerName", queue_.broker_name, "Broker Name")->required();
    app.add_option("-i,--queueId", queue_.queue_id, "Queue Id")->required();
    app.add_option("-o,--offset", offset_, "Queue Offset")->required();
    app.add_option("-f,--bodyFormat", body_format_, kBodyHelp);
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, admin.brokersOfTopic(queue_.topic));
    const auto broker = brokers.find(queue_.broker_name);
    if (broker == brokers.end()) {
      return Status::notFound("broker " + queue_.broker_name + " does not have topic " +
                              queue_.topic);
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const auto pulled, admin.pull(broker->second, queue_, offset_, 1));
    if (pulled.status != PullStatus::kFound) {
      return Status::notFound(fmt::format("no message at offset {}; the queue holds {} to {}",
                                          offset_, pulled.min_offset, pulled.max_offset - 1));
    }
    ROCKETMQ_RETURN_IF_ERROR(printMessage(pulled.messages[0], true, !body_format_.empty()));
    return printTrack(admin, pulled.messages[0]);
  }

 private:
  MessageQueue queue_;
  int64_t offset_ = 0;
  std::string body_format_;
};

}  // namespace

void addQueryMessageCommands(CommandList& list) {
  list.push_back(std::make_unique<QueryMsgById>());
  list.push_back(std::make_unique<QueryMsgByKey>());
  list.push_back(std::make_unique<QueryMsgByUniqueKey>());
  list.push_back(std::make_unique<QueryMsgByOffset>());
}

}  // namespace rocketmq::mqadmin

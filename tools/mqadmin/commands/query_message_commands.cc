// queryMsgById, queryMsgByKey, queryMsgByUniqueKey, queryMsgByOffset

#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/json/encode.h"
#include "common/text.h"
#include "tools/mqadmin/command.h"
#include "tools/mqadmin/message_view.h"
#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

class QueryMsgById : public Command {
 public:
  std::string_view name() const override { return "queryMsgById"; }
  std::string_view description() const override { return "Query Message by Id"; }

  void addOptions(CLI::App& app) override {
    app.add_option("-i,--msgId", ids_, "Message Id (several with commas)")->required();
    app.add_option("-t,--topic", topic_, "topic name (not needed)");
    app.add_option("-g,--consumerGroup", group_, "consumer group name");
    app.add_option("-d,--clientId", client_id_, "The consumer's client id");
  }

  Status run(client::AdminClient& admin) override {
    for (const std::string_view part : splitList(ids_, ',')) {
      const std::string id(part);
      if (!group_.empty() && !client_id_.empty()) {
        ROCKETMQ_RETURN_IF_ERROR(consumeDirectly(admin, id));
        continue;
      }
      ROCKETMQ_ASSIGN_OR_RETURN(const MessageExt message, admin.messageById(id));
      ROCKETMQ_RETURN_IF_ERROR(printMessage(message, true));
      ROCKETMQ_RETURN_IF_ERROR(printTrack(admin, message));
    }
    return Status::ok();
  }

 private:
  /// Has one consumer consume the message now, apart from all offsets.
  Status consumeDirectly(client::AdminClient& admin, const std::string& id) const {
    ROCKETMQ_ASSIGN_OR_RETURN(const MessageExt message, admin.messageById(id));
    ROCKETMQ_ASSIGN_OR_RETURN(const auto result, admin.consumeMessageDirectly(
                                                     message.storeHost(), group_, client_id_, id));
    fmt::print("{}\n", json::encode(result));
    return Status::ok();
  }

  std::string ids_;
  std::string topic_;
  std::string group_;
  std::string client_id_;
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
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, admin.brokersOfTopic(query_.topic));
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
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, admin.brokersOfTopic(topic_));
    std::vector<MessageExt> found;
    for (const auto& [name, address] : brokers) {
      ROCKETMQ_ASSIGN_OR_RETURN(
          const auto messages,
          admin.queryMessages(
              address, {.topic = topic_, .key = id_, .unique_key = true, .max_messages = 32}));
      found.insert(found.end(), messages.begin(), messages.end());
    }
    if (found.empty()) {
      return Status::notFound("no message of topic " + topic_ + " has the unique key " + id_);
    }
    if (!show_all_) {
      found.resize(1);
    }
    for (const MessageExt& message : found) {
      if (!group_.empty() && !client_id_.empty()) {
        ROCKETMQ_ASSIGN_OR_RETURN(
            const auto result, admin.consumeMessageDirectly(message.storeHost(), group_, client_id_,
                                                            message.offsetMsgId()));
        fmt::print("{}\n", json::encode(result));
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
    ROCKETMQ_RETURN_IF_ERROR(printMessage(pulled.messages[0], true));
    return printTrack(admin, pulled.messages[0]);
  }

 private:
  MessageQueue queue_;
  int64_t offset_ = 0;
};

}  // namespace

void addQueryMessageCommands(CommandList& list) {
  list.push_back(std::make_unique<QueryMsgById>());
  list.push_back(std::make_unique<QueryMsgByKey>());
  list.push_back(std::make_unique<QueryMsgByUniqueKey>());
  list.push_back(std::make_unique<QueryMsgByOffset>());
}

}  // namespace rocketmq::mqadmin

// printMsg, consumeMessage

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/mqadmin/command.h"
#include "tools/mqadmin/message_view.h"
#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

constexpr int32_t kPullBatch = 32;

/// One queue with the address of its broker.
struct ReadableQueue {
  MessageQueue queue;
  std::string address;
};

Result<std::vector<ReadableQueue>> readableQueues(client::AdminClient& admin,
                                                  const std::string& topic) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto route, admin.topicRoute(topic));
  ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, admin.brokersOfTopic(topic));
  std::vector<ReadableQueue> queues;
  for (const model::QueueData& data : route.queue_datas) {
    const auto broker = brokers.find(data.broker_name);
    if (broker == brokers.end()) {
      continue;
    }
    for (int32_t queue_id = 0; queue_id < data.read_queue_nums; ++queue_id) {
      queues.push_back({{topic, data.broker_name, queue_id}, broker->second});
    }
  }
  std::sort(queues.begin(), queues.end(),
            [](const ReadableQueue& a, const ReadableQueue& b) { return a.queue < b.queue; });
  return queues;
}

/// The offset a text of time stands for in a queue; `otherwise` without a text.
Result<int64_t> offsetAt(client::AdminClient& admin, const ReadableQueue& at,
                         const std::string& time_text, int64_t otherwise) {
  if (time_text.empty()) {
    return otherwise;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const TimestampMs time, parseTime(time_text));
  return admin.searchOffset(at.address, at.queue.topic, at.queue.queue_id, time);
}

std::string queueText(const MessageQueue& queue) {
  return fmt::format("MessageQueue [topic={}, brokerName={}, queueId={}]", queue.topic,
                     queue.broker_name, queue.queue_id);
}

const char* statusText(PullStatus status) {
  switch (status) {
    case PullStatus::kFound:
      return "FOUND";
    case PullStatus::kNoNewMessage:
      return "NO_NEW_MSG";
    case PullStatus::kNoMatchedMessage:
      return "NO_MATCHED_MSG";
    case PullStatus::kOffsetIllegal:
      return "OFFSET_ILLEGAL";
  }
  return "";
}

/// Prints the messages of [from, to); returns how many.
Result<int64_t> printRange(client::AdminClient& admin, const ReadableQueue& at, int64_t from,
                           int64_t to, const std::string& tags, bool with_body) {
  int64_t printed = 0;
  while (from < to) {
    const auto batch = static_cast<int32_t>(std::min<int64_t>(kPullBatch, to - from));
    ROCKETMQ_ASSIGN_OR_RETURN(const auto pulled,
                              admin.pull(at.address, at.queue, from, batch, tags));
    for (const MessageExt& message : pulled.messages) {
      if (message.queueOffset() < to) {
        fmt::print("{}\n", describeWithBody(message, with_body));
        ++printed;
      }
    }
    if (pulled.status != PullStatus::kFound) {
      fmt::print("{} no matched msg. status={}, offset={}\n", queueText(at.queue),
                 statusText(pulled.status), from);
    }
    if (pulled.status == PullStatus::kNoNewMessage || pulled.next_begin_offset <= from) {
      break;
    }
    from = pulled.next_begin_offset;
  }
  return printed;
}

class PrintMsg : public Command {
 public:
  std::string_view name() const override { return "printMsg"; }
  std::string_view description() const override { return "Print Message Detail"; }

  void addOptions(CLI::App& app) override {
    app.add_option("-t,--topic", topic_, "topic name")->required();
    app.add_option("-c,--charsetName", charset_, "CharsetName (bodies are printed as they are)");
    app.add_option("-s,--subExpression", tags_, "Subscribe Expression(eg: TagA || TagB)");
    app.add_option("-b,--beginTimestamp", begin_,
                   "Begin timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]");
    app.add_option("-e,--endTimestamp", end_,
                   "End timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]");
    app.add_option("-d,--printBody", print_body_, "print body");
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto queues, readableQueues(admin, topic_));
    for (const ReadableQueue& at : queues) {
      ROCKETMQ_ASSIGN_OR_RETURN(const int64_t min,
                                admin.minOffset(at.address, topic_, at.queue.queue_id));
      ROCKETMQ_ASSIGN_OR_RETURN(const int64_t max,
                                admin.maxOffset(at.address, topic_, at.queue.queue_id));
      ROCKETMQ_ASSIGN_OR_RETURN(const int64_t from, offsetAt(admin, at, begin_, min));
      ROCKETMQ_ASSIGN_OR_RETURN(const int64_t to, offsetAt(admin, at, end_, max));
      fmt::print("minOffset={}, maxOffset={}, {}\n", from, to, queueText(at.queue));
      ROCKETMQ_ASSIGN_OR_RETURN([[maybe_unused]] const int64_t printed,
                                printRange(admin, at, from, to, tags_, parseBool(print_body_)));
      fmt::print("{:-<56}\n", "");
    }
    return Status::ok();
  }

 private:
  std::string topic_;
  std::string charset_;
  std::string tags_ = "*";
  std::string begin_;
  std::string end_;
  std::string print_body_ = "true";
};

class ConsumeMessage : public Command {
 public:
  std::string_view name() const override { return "consumeMessage"; }
  std::string_view description() const override { return "Consume message"; }

  void addOptions(CLI::App& app) override {
    app.add_option("-t,--topic", topic_, "Topic name")->required();
    app.add_option("-b,--brokerName", broker_name_, "Broker name");
    app.add_option("-i,--queueId", queue_id_, "Queue Id");
    app.add_option("-o,--offset", offset_, "Queue offset");
    app.add_option("-g,--consumerGroup", group_, "Consumer group name (offsets are not stored)");
    app.add_option("-s,--beginTimestamp", begin_,
                   "Begin timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]");
    app.add_option("-e,--endTimestamp", end_,
                   "End timestamp[currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]");
    app.add_option("-c,--MessageNumber", number_, "Number of message to be consumed");
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_RETURN_IF_ERROR(check());
    ROCKETMQ_ASSIGN_OR_RETURN(const auto queues, readableQueues(admin, topic_));
    int64_t left = number_;
    for (const ReadableQueue& at : queues) {
      if ((!broker_name_.empty() && at.queue.broker_name != broker_name_) ||
          (queue_id_ >= 0 && at.queue.queue_id != queue_id_)) {
        continue;
      }
      ROCKETMQ_RETURN_IF_ERROR(readQueue(admin, at, left));
      if (left <= 0) {
        break;
      }
    }
    return Status::ok();
  }

 private:
  Status check() const {
    if (number_ <= 0) {
      return Status::invalidArgument("Please input a positive messageNumber!");
    }
    if (queue_id_ >= 0 && broker_name_.empty()) {
      return Status::invalidArgument("Please set the brokerName before queueId!");
    }
    if (offset_ >= 0 && queue_id_ < 0) {
      return Status::invalidArgument("Please set queueId before offset!");
    }
    return Status::ok();
  }

  Status readQueue(client::AdminClient& admin, const ReadableQueue& at, int64_t& left) const {
    ROCKETMQ_ASSIGN_OR_RETURN(const int64_t min,
                              admin.minOffset(at.address, topic_, at.queue.queue_id));
    ROCKETMQ_ASSIGN_OR_RETURN(const int64_t max,
                              admin.maxOffset(at.address, topic_, at.queue.queue_id));
    ROCKETMQ_ASSIGN_OR_RETURN(int64_t from, offsetAt(admin, at, begin_, min));
    ROCKETMQ_ASSIGN_OR_RETURN(int64_t to, offsetAt(admin, at, end_, max));
    from = offset_ >= 0 ? offset_ : from;
    to = std::min(to, from + left);
    if (from < to) {
      fmt::print("Consume ok\n");
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const int64_t printed, printRange(admin, at, from, to, "*", true));
    left -= printed;
    return Status::ok();
  }

  std::string topic_;
  std::string broker_name_;
  int32_t queue_id_ = -1;
  int64_t offset_ = -1;
  std::string group_;
  std::string begin_;
  std::string end_;
  int64_t number_ = 128;
};

}  // namespace

void addReadMessageCommands(CommandList& list) {
  list.push_back(std::make_unique<PrintMsg>());
  list.push_back(std::make_unique<ConsumeMessage>());
}

}  // namespace rocketmq::mqadmin

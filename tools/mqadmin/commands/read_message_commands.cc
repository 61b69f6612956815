// printMsg, printMsgByQueue, consumeMessage

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/mqadmin/command.h"
#include "tools/mqadmin/message_view.h"
#include "tools/mqadmin/queues.h"
#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

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

/// Prints the messages of a range, and where none matched; gives how many.
Result<int64_t> printRange(client::AdminClient& admin, const ReadableQueue& at,
                           const OffsetRange& range, const std::string& tags, bool with_body) {
  int64_t printed = 0;
  const auto print = [&](const MessageExt& message) {
    fmt::print("{}\n", describeWithBody(message, with_body));
    ++printed;
    return Status::ok();
  };
  const auto print_none = [&at](PullStatus status, int64_t offset) {
    fmt::print("{} no matched msg. status={}, offset={}\n", queueText(at.queue), statusText(status),
               offset);
  };
  ROCKETMQ_RETURN_IF_ERROR(forEachMessage(admin, at, range, tags, print, print_none));
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
    addTimeOptions(app, begin_, end_);
    app.add_option("-d,--printBody", print_body_, "print body");
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto queues, readableQueues(admin, topic_));
    for (const ReadableQueue& at : queues) {
      ROCKETMQ_ASSIGN_OR_RETURN(const OffsetRange range, rangeOf(admin, at, begin_, end_));
      fmt::print("minOffset={}, maxOffset={}, {}\n", range.from, range.to, queueText(at.queue));
      ROCKETMQ_ASSIGN_OR_RETURN([[maybe_unused]] const int64_t printed,
                                printRange(admin, at, range, tags_, parseBool(print_body_)));
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

class PrintMsgByQueue : public Command {
 public:
  std::string_view name() const override { return "printMsgByQueue"; }
  std::string_view description() const override { return "Print Message Detail by queueId"; }

  void addOptions(CLI::App& app) override {
    app.add_option("-t,--topic", topic_, "topic name")->required();
    app.add_option("-a,--brokerName", broker_name_, "broker name")->required();
    app.add_option("-i,--queueId", queue_id_, "queue id")->required();
    app.add_option("-c,--charsetName", charset_, "CharsetName (bodies are printed as they are)");
    app.add_option("-s,--subExpression", tags_, "Subscribe Expression(eg: TagA || TagB)");
    addTimeOptions(app, begin_, end_);
    app.add_option("-p,--printMsg", print_, "print the messages (false)");
    app.add_option("-d,--printBody", print_body_, "print body (true)");
    app.add_option("-f,--calculate", count_tags_, "count the messages of each tag (false)");
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto queues, readableQueues(admin, topic_));
    const auto found = std::find_if(queues.begin(), queues.end(), [this](const auto& at) {
      return at.queue.broker_name == broker_name_ && at.queue.queue_id == queue_id_;
    });
    if (found == queues.end()) {
      return Status::notFound(fmt::format("topic {} has no queue {} on broker {}; see topicStatus",
                                          topic_, queue_id_, broker_name_));
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const OffsetRange range, rangeOf(admin, *found, begin_, end_));
    std::map<std::string, int64_t> tags;
    ROCKETMQ_RETURN_IF_ERROR(read(admin, *found, range, tags));
    std::vector<std::pair<std::string, int64_t>> rows(tags.begin(), tags.end());
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    for (const auto& [tag, count] : rows) {
      fmt::print("Tag: {:<30} Count: {}\n", tag, count);
    }
    return Status::ok();
  }

 private:
  Status read(client::AdminClient& admin, const ReadableQueue& at, const OffsetRange& range,
              std::map<std::string, int64_t>& tags) const {
    const bool counts = parseBool(count_tags_);
    const bool prints = parseBool(print_);
    return forEachMessage(admin, at, range, tags_, [&](const MessageExt& message) {
      if (prints) {
        fmt::print("{}\n", describeWithBody(message, parseBool(print_body_)));
      }
      if (counts && !message.tags().empty()) {
        ++tags[message.tags()];
      }
      return Status::ok();
    });
  }

  std::string topic_;
  std::string broker_name_;
  int32_t queue_id_ = 0;
  std::string charset_;
  std::string tags_ = "*";
  std::string begin_;
  std::string end_;
  std::string print_ = "false";
  std::string print_body_ = "true";
  std::string count_tags_ = "false";
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
    return checkTimes();
  }

  Status checkTimes() const {
    const TimestampMs now = SystemClock::instance().nowMs();
    TimestampMs begin = 0;
    TimestampMs end = now;
    if (!begin_.empty()) {
      ROCKETMQ_ASSIGN_OR_RETURN(begin, parseTime(begin_));
    }
    if (!end_.empty()) {
      ROCKETMQ_ASSIGN_OR_RETURN(end, parseTime(end_));
    }
    // "now" is -1.
    begin = begin < 0 ? now : begin;
    end = end < 0 ? now : end;
    if (begin > now) {
      return Status::invalidArgument("Please set the beginTimestamp before now!");
    }
    if (end > now) {
      return Status::invalidArgument("Please set the endTimestamp before now!");
    }
    if (begin > end) {
      return Status::invalidArgument(
          "Please make sure that the beginTimestamp is less than or equal to the endTimestamp");
    }
    return Status::ok();
  }

  Status readQueue(client::AdminClient& admin, const ReadableQueue& at, int64_t& left) const {
    ROCKETMQ_ASSIGN_OR_RETURN(const OffsetRange range, rangeOf(admin, at, begin_, end_));
    const int64_t from = offset_ >= 0 ? offset_ : range.from;
    const int64_t to = std::min(range.to, from + left);
    if (from < to) {
      fmt::print("Consume ok\n");
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const int64_t printed,
                              printRange(admin, at, {.from = from, .to = to}, "*", true));
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
  list.push_back(std::make_unique<PrintMsgByQueue>());
  list.push_back(std::make_unique<ConsumeMessage>());
}

}  // namespace rocketmq::mqadmin

// queryDLQ, resendDLQ

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/json/encode.h"
#include "common/message/properties.h"
#include "common/text.h"
#include "common/validate.h"
#include "tools/mqadmin/command.h"
#include "tools/mqadmin/queues.h"
#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

/// Which of a group's dead letters: by id, by key, or by the time of their death; all of these
/// together narrow the choice down.
class DeadLetters {
 public:
  void addTo(CLI::App& app) {
    app.add_option("-g,--consumerGroup", group_, "consumer group name")->required();
    app.add_option("-i,--msgId", ids_, "Message Id (several with commas)");
    app.add_option("-k,--msgKey", key_, "Message Key");
    addTimeOptions(app, begin_, end_);
  }

  const std::string& group() const { return group_; }
  bool isChosen() const {
    return !ids_.empty() || !key_.empty() || !begin_.empty() || !end_.empty();
  }
  bool isByIndex() const { return !ids_.empty() || !key_.empty(); }

  /// Those that the key index knows, over all brokers.
  Result<std::vector<MessageExt>> byIndex(client::AdminClient& admin) const {
    client::AdminClient::MessageQuery query{.topic = topic(), .key = key_};
    ROCKETMQ_RETURN_IF_ERROR(takeTime(begin_, query.begin_ms));
    ROCKETMQ_RETURN_IF_ERROR(takeTime(end_, query.end_ms));
    ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, brokersOf(admin));
    std::vector<MessageExt> found;
    for (const std::string_view part :
         ids_.empty() ? std::vector<std::string_view>{""} : splitList(ids_, ',')) {
      const std::string id(part);
      query.unique_key = !id.empty();
      query.key = id.empty() ? key_ : id;
      const size_t before = found.size();
      for (const auto& [name, address] : brokers) {
        ROCKETMQ_ASSIGN_OR_RETURN(const auto messages, admin.queryMessages(address, query));
        found.insert(found.end(), messages.begin(), messages.end());
      }
      if (!id.empty() && found.size() == before) {
        return Status::notFound("group " + group_ + " has no dead letter with the id " + id);
      }
    }
    return found;
  }

  /// A queue of dead letters, with the part of it that was chosen by time.
  struct Part {
    ReadableQueue at;
    OffsetRange range;
  };
  Result<std::vector<Part>> byTime(client::AdminClient& admin) const {
    ROCKETMQ_RETURN_IF_ERROR(brokersOf(admin).status());
    ROCKETMQ_ASSIGN_OR_RETURN(const auto queues, readableQueues(admin, topic()));
    std::vector<Part> parts;
    for (const ReadableQueue& at : queues) {
      ROCKETMQ_ASSIGN_OR_RETURN(const OffsetRange range, rangeOf(admin, at, begin_, end_));
      parts.push_back({at, range});
    }
    return parts;
  }

 private:
  std::string topic() const { return std::string(kDlqTopicPrefix) + group_; }

  static Status takeTime(const std::string& text, int64_t& out) {
    if (!text.empty()) {
      ROCKETMQ_ASSIGN_OR_RETURN(out, parseTime(text));
    }
    return Status::ok();
  }

  Result<std::map<std::string, std::string>> brokersOf(client::AdminClient& admin) const {
    ROCKETMQ_ASSIGN_OR_RETURN(auto brokers, admin.findBrokersOfTopic(topic()));
    if (!brokers) {
      return Status::notFound("group " + group_ + " has no dead letters (no topic " + topic() +
                              ")");
    }
    return std::move(*brokers);
  }

  std::string group_;
  std::string ids_;
  std::string key_;
  std::string begin_;
  std::string end_;
};

/// The topic that a dead letter was sent to first.
std::string originOf(const MessageExt& message) { return message.property(property::kRetryTopic); }

class QueryDlq : public Command {
 public:
  std::string_view name() const override { return "queryDLQ"; }
  std::string_view description() const override {
    return "Query a group's dead letters by id, key or time";
  }

  void addOptions(CLI::App& app) override {
    letters_.addTo(app);
    app.add_option("-p,--page", page_, "Page, from 1 on")->check(CLI::Range(1, 1'000'000));
    app.add_option("-c,--count", count_, "Dead letters on a page (20)")->check(CLI::Range(1, 1000));
  }

  Status run(client::AdminClient& admin) override {
    return letters_.isByIndex() ? printFound(admin) : printPage(admin);
  }

 private:
  static void printHeader() {
    fmt::print("{:<32} {:<19} {:>6} {:>8} {:<24} {}\n", "#Message ID", "#Died at", "#Tries",
               "#Offset", "#Topic", "#Keys");
  }
  static void printRow(const MessageExt& message) {
    fmt::print("{:<32} {:<19} {:>6} {:>8} {:<24} {}\n", message.msgId(),
               formatSeconds(message.storeTimestamp()), message.reconsumeTimes(),
               message.queueOffset(), cut(originOf(message), 64), message.keys());
  }

  Status printFound(client::AdminClient& admin) const {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto found, letters_.byIndex(admin));
    printHeader();
    std::for_each(found.begin(), found.end(), printRow);
    fmt::print("\n{} dead letters\n", found.size());
    return Status::ok();
  }

  // Queue after queue, each from its oldest letter on, so that a page is found without reading
  // those before it.
  Status printPage(client::AdminClient& admin) const {
    ROCKETMQ_ASSIGN_OR_RETURN(auto parts, letters_.byTime(admin));
    printHeader();
    int64_t total = 0;
    int64_t skip = int64_t{page_ - 1} * count_;
    int64_t left = count_;
    for (DeadLetters::Part& part : parts) {
      const int64_t size = std::max<int64_t>(0, part.range.to - part.range.from);
      total += size;
      const int64_t skipped = std::min(skip, size);
      skip -= skipped;
      part.range.from += skipped;
      part.range.to = std::min(part.range.to, part.range.from + left);
      ROCKETMQ_RETURN_IF_ERROR(
          forEachMessage(admin, part.at, part.range, "*", [&left](const MessageExt& message) {
            printRow(message);
            --left;
            return Status::ok();
          }));
    }
    fmt::print("\npage {} of {}, {} dead letters\n", page_,
               std::max<int64_t>(1, (total + count_ - 1) / count_), total);
    return Status::ok();
  }

  DeadLetters letters_;
  int32_t page_ = 1;
  int32_t count_ = 20;
};

class ResendDlq : public Command {
 public:
  std::string_view name() const override { return "resendDLQ"; }
  std::string_view description() const override {
    return "Have a group consume its dead letters again";
  }

  void addOptions(CLI::App& app) override {
    letters_.addTo(app);
    app.add_flag("-a,--all", all_, "All dead letters of the group");
    app.add_option("-d,--clientId", client_id_,
                   "Have this consumer consume them now, instead of any member of the group soon");
  }

  Status run(client::AdminClient& admin) override {
    if (letters_.isChosen() == all_) {
      return Status::invalidArgument(
          "say which dead letters: -i ID, -k KEY, -b TIME and -e TIME, or -a for all of the group");
    }
    Counts counts;
    const Status status = sendChosen(admin, counts);
    fmt::print("\n{} dead letters sent again; they also stay in %DLQ%{}\n", counts.sent,
               letters_.group());
    if (status.isOk() && counts.failed > 0) {
      return Status::io(fmt::format("{} dead letters were not sent again", counts.failed));
    }
    return status;
  }

 private:
  struct Counts {
    int64_t sent = 0;
    int64_t failed = 0;
  };

  Status sendChosen(client::AdminClient& admin, Counts& counts) const {
    // One that cannot be sent is no reason to keep back those behind it.
    const auto again = [&](MessageExt& message) {
      const Status status =
          client_id_.empty() ? sendToRetryTopic(admin, message) : consumeDirectly(admin, message);
      if (status.isOk()) {
        ++counts.sent;
      } else {
        ++counts.failed;
        fmt::print("{} not sent: {}\n", message.msgId(), status.message());
      }
      return Status::ok();
    };
    if (letters_.isByIndex()) {
      ROCKETMQ_ASSIGN_OR_RETURN(auto found, letters_.byIndex(admin));
      for (MessageExt& message : found) {
        ROCKETMQ_RETURN_IF_ERROR(again(message));
      }
      return Status::ok();
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const auto parts, letters_.byTime(admin));
    for (const DeadLetters::Part& part : parts) {
      ROCKETMQ_RETURN_IF_ERROR(forEachMessage(admin, part.at, part.range, "*", again));
    }
    return Status::ok();
  }

  /// A copy that has all its tries before it again; its consumers see the topic it came from.
  Status sendToRetryTopic(client::AdminClient& admin, MessageExt& message) const {
    Message copy = message;
    copy.setTopic(std::string(kRetryTopicPrefix) + letters_.group());
    for (const std::string_view name : {property::kReconsumeTime, property::kMaxReconsumeTimes,
                                        property::kDelayLevel, property::kTransactionPrepared}) {
      copy.removeProperty(name);
    }
    copy.setWaitStoreMsgOk(true);
    ROCKETMQ_ASSIGN_OR_RETURN(const auto result, admin.sendCopy(std::move(copy)));
    fmt::print("{} sent to {}\n", message.msgId(), result.message_queue.topic);
    return Status::ok();
  }

  Status consumeDirectly(client::AdminClient& admin, const MessageExt& message) const {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto result,
                              admin.consumeMessageDirectly(message.storeHost(), letters_.group(),
                                                           client_id_, message.offsetMsgId()));
    fmt::print("{} {}\n", message.msgId(), json::encode(result));
    return Status::ok();
  }

  DeadLetters letters_;
  bool all_ = false;
  std::string client_id_;
};

}  // namespace

void addDeadLetterCommands(CommandList& list) {
  list.push_back(std::make_unique<QueryDlq>());
  list.push_back(std::make_unique<ResendDlq>());
}

}  // namespace rocketmq::mqadmin

// queryMsgTraceById

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include <CLI/CLI.hpp>

#include "client/trace/trace_record.h"
#include "tools/mqadmin/command.h"
#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

using client::ConsumeReturn;
using client::EndTransactionTrace;
using client::PubTrace;
using client::SubAfterTrace;
using client::SubBeforeTrace;

/// One line of the answer.
struct Row {
  std::string type;
  std::string group;
  std::string host;  ///< Of the client that wrote the trace.
  int64_t time_ms = 0;
  std::string cost;
  std::string status;
};

void printHeader(const char* group, const char* time) {
  fmt::print("{:<10} {:<20} {:<20} {:<20} {:<10} {:<10}\n", "#Type", group, "#ClientHost", time,
             "#CostTimes", "#Status");
}

void printRows(std::vector<Row> rows) {
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.time_ms < b.time_ms; });
  for (const Row& row : rows) {
    fmt::print("{:<10} {:<20} {:<20} {:<20} {:<10} {:<10}\n", row.type, row.group, row.host,
               formatSeconds(row.time_ms), row.cost, row.status);
  }
}

std::string hostOf(const MessageExt& message) {
  return message.bornHost().substr(0, message.bornHost().rfind(':'));
}

std::string statusText(bool success) { return success ? "success" : "failed"; }

std::string costText(int64_t cost_ms) { return std::to_string(cost_ms) + "ms"; }

/// What all trace messages say of one message.
class Trace {
 public:
  explicit Trace(std::string id) : id_(std::move(id)) {}

  void take(const MessageExt& message) {
    for (const client::TraceRecord& record : client::decodeTraces(message.body())) {
      std::visit([&](const auto& trace) { add(trace, hostOf(message)); }, record);
    }
  }

  bool empty() const { return sent_.empty() && runs_.empty(); }

  void print() const {
    if (!sent_.empty()) {
      printHeader("#ProducerGroup", "#SendTime");
      printRows(sent_);
      fmt::print("\n");
    }
    std::map<std::string, std::vector<Row>> groups;
    for (const auto& [request, run] : runs_) {
      groups[run.group].push_back(run);
    }
    for (const auto& [group, rows] : groups) {
      printHeader("#ConsumerGroup", "#ConsumerTime");
      printRows(rows);
      fmt::print("\n");
    }
  }

 private:
  void add(const PubTrace& trace, const std::string& host) {
    if (trace.message_id == id_) {
      sent_.push_back({"Pub", trace.group, host, trace.timestamp_ms, costText(trace.cost_ms),
                       statusText(trace.success)});
    }
  }
  void add(const EndTransactionTrace& trace, const std::string& host) {
    if (trace.message_id == id_) {
      sent_.push_back({trace.from_check ? "Check" : "End", trace.group, host, trace.timestamp_ms,
                       "-", trace.state});
    }
  }
  // Only a SubAfter says how a run ended, and only a SubBefore of an old client who ran it.
  void add(const SubBeforeTrace& trace, const std::string& host) {
    if (trace.message_id == id_) {
      Row& run = runs_.try_emplace(trace.request_id, Row{"Sub", {}, host, 0, "-", "running"})
                     .first->second;
      run.group = trace.group;
      run.time_ms = trace.timestamp_ms;
    }
  }
  void add(const SubAfterTrace& trace, const std::string& host) {
    if (trace.message_id == id_) {
      Row& run = runs_[trace.request_id];
      run.type = "Sub";
      run.host = host;
      run.group = run.group.empty() ? trace.group : run.group;
      run.time_ms = run.time_ms == 0 ? trace.timestamp_ms : run.time_ms;
      run.cost = costText(trace.cost_ms);
      run.status = statusText(trace.success);
    }
  }

  const std::string id_;
  std::vector<Row> sent_;
  std::map<std::string, Row> runs_;  ///< By request id.
};

class QueryMsgTraceById : public Command {
 public:
  std::string_view name() const override { return "queryMsgTraceById"; }
  std::string_view description() const override { return "Query a message trace"; }

  void addOptions(CLI::App& app) override {
    app.add_option("-i,--msgId", query_.key, "Message Id")->required();
    app.add_option("-t,--traceTopic", query_.topic,
                   "The name of the topic that traces were sent to");
    addTimeOptions(app, begin_, end_);
    app.add_option("-c,--maxNum", query_.max_messages,
                   "The maximum number of trace messages of a broker")
        ->check(CLI::Range(1, 64));
  }

  Status run(client::AdminClient& admin) override {
    if (!begin_.empty()) {
      ROCKETMQ_ASSIGN_OR_RETURN(query_.begin_ms, parseTime(begin_));
    }
    if (!end_.empty()) {
      ROCKETMQ_ASSIGN_OR_RETURN(query_.end_ms, parseTime(end_));
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, admin.brokersOfTopic(query_.topic));
    Trace trace(query_.key);
    for (const auto& [name, address] : brokers) {
      ROCKETMQ_ASSIGN_OR_RETURN(const auto messages, admin.queryMessages(address, query_));
      for (const MessageExt& message : messages) {
        trace.take(message);
      }
    }
    if (trace.empty()) {
      return Status::notFound(
          "topic " + query_.topic + " has no trace of message " + query_.key +
          "; clients write traces about a second late, and only with enableMsgTrace");
    }
    trace.print();
    return Status::ok();
  }

 private:
  client::AdminClient::MessageQuery query_{.topic = "RMQ_SYS_TRACE_TOPIC", .key = {}};
  std::string begin_;
  std::string end_;
};

}  // namespace

void addTraceCommands(CommandList& list) { list.push_back(std::make_unique<QueryMsgTraceById>()); }

}  // namespace rocketmq::mqadmin

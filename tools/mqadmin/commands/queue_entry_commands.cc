// queryCq

#include <fmt/format.h>

#include <string>

#include <CLI/CLI.hpp>

#include "common/json/encode.h"
#include "tools/mqadmin/command.h"

namespace rocketmq::mqadmin {
namespace {

constexpr const char* kRule = "======================================";

/// As Java prints it, "null" for what is absent.
std::string describe(const remoting::ConsumeQueueData& entry) {
  return fmt::format(
      "ConsumeQueueData{{physicOffset={}, physicSize={}, tagsCode={}, extendDataJson='{}', "
      "bitMap='{}', eval={}, msg='{}'}}",
      entry.physic_offset, entry.physic_size, entry.tags_code,
      entry.extend_data_json.value_or("null"), entry.bit_map.value_or("null"), entry.eval,
      entry.msg.value_or("null"));
}

class QueryCq : public Command {
 public:
  std::string_view name() const override { return "queryCq"; }
  std::string_view description() const override { return "Query cq command."; }

  void addOptions(CLI::App& app) override {
    app.add_option("-t,--topic", topic_, "topic name")->required();
    app.add_option("-q,--queue", queue_id_, "queue num, ie. 1")->required();
    app.add_option("-i,--index", index_, "start queue index.")->required();
    app.add_option("-c,--count", count_, "how many (10).")->check(CLI::Range(1, 1000));
    app.add_option("-b,--broker", broker_, "broker addr (one of the topic's).");
    app.add_option("-g,--consumer", group_, "consumer group, whose filter is evaluated.");
  }

  Status run(client::AdminClient& admin) override {
    std::string address = broker_;
    if (address.empty()) {
      ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, admin.brokersOfTopic(topic_));
      if (brokers.empty()) {
        return Status::notFound("topic " + topic_ + " has no broker now; name one with -b");
      }
      address = brokers.begin()->second;
    }
    ROCKETMQ_ASSIGN_OR_RETURN(
        const auto found, admin.consumeQueue(address, topic_, queue_id_, index_, count_, group_));
    print(found);
    return Status::ok();
  }

 private:
  void print(const remoting::QueryConsumeQueueBody& found) const {
    if (found.subscription_data) {
      fmt::print("Subscription data: \n{}\n{}\n",
                 json::encode(*found.subscription_data, json::Style::kPretty), kRule);
    }
    if (found.filter_data) {
      fmt::print("Filter data: \n{}\n{}\n", *found.filter_data, kRule);
    }
    fmt::print("Queue data: \nmax: {}, min: {}\n{}\n", found.max_queue_index, found.min_queue_index,
               kRule);
    int64_t index = index_;
    for (const remoting::ConsumeQueueData& entry : found.queue_data) {
      fmt::print("idx: {}\n{}\n{}\n", index, describe(entry), kRule);
      ++index;
    }
  }

  std::string topic_;
  int32_t queue_id_ = 0;
  int64_t index_ = 0;
  int32_t count_ = 10;
  std::string broker_;
  std::string group_;
};

}  // namespace

void addQueueEntryCommands(CommandList& list) { list.push_back(std::make_unique<QueryCq>()); }

}  // namespace rocketmq::mqadmin

// resetOffsetByTime

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include <CLI/CLI.hpp>

#include "tools/mqadmin/command.h"
#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

using remoting::ResponseCode;

class ResetOffsetByTime : public Command {
 public:
  std::string_view name() const override { return "resetOffsetByTime"; }
  std::string_view description() const override {
    return "Reset consumer offset by timestamp(without client restart).";
  }

  void addOptions(CLI::App& app) override {
    app.add_option("-g,--group", group_, "set the consumer group")->required();
    app.add_option("-t,--topic", topic_, "set the topic")->required();
    app.add_option("-s,--timestamp", timestamp_,
                   "set the timestamp[now|currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]")
        ->required();
    app.add_option("-f,--force", force_, "set the force rollback by timestamp switch[true|false]");
    app.add_flag("-c,--cplus", is_cpp_, "reset c++ client offset");
  }

  bool actsAsCppClient() const override { return is_cpp_; }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const TimestampMs time, parseTime(timestamp_));
    const bool force = parseBool(force_);
    fmt::print(
        "rollback consumer offset by specified group[{}], topic[{}], force[{}], "
        "timestamp(string)[{}], timestamp(long)[{}]\n",
        group_, topic_, force, timestamp_, time);
    ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, admin.brokersOfTopic(topic_));
    fmt::print("{:<40}  {:<40}  {:<40}\n", "#brokerName", "#queueId", "#offset");
    for (const auto& [name, address] : brokers) {
      auto reset = admin.resetOffset(address, group_, topic_, time, force);
      if (!reset.ok() &&
          client::AdminClient::refusal(reset.status()) == ResponseCode::kConsumerNotOnline) {
        reset = resetOffline(admin, address, name, time, force);
      }
      if (!reset.ok()) {
        return reset.status();
      }
      for (const auto& [queue, offset] : reset->offset_table) {
        fmt::print("{:<40}  {:<40}  {:<40}\n", cut(queue.broker_name, 32), queue.queue_id, offset);
      }
    }
    return Status::ok();
  }

 private:
  /// The old way, for brokers that only pass resets on to clients: sets the stored offsets.
  Result<remoting::ResetOffsetBody> resetOffline(client::AdminClient& admin,
                                                 const std::string& address,
                                                 const std::string& broker_name, TimestampMs time,
                                                 bool force) const {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto stats, admin.consumeStats(address, group_, topic_));
    remoting::ResetOffsetBody done;
    for (const auto& [queue, offset] : stats.offset_table) {
      int64_t target = offset.broker_offset;
      if (time >= 0) {
        ROCKETMQ_ASSIGN_OR_RETURN(target,
                                  admin.searchOffset(address, topic_, queue.queue_id, time));
      }
      if (!force) {
        target = std::min(target, offset.consumer_offset);
      }
      ROCKETMQ_RETURN_IF_ERROR(
          admin.updateConsumerOffset(address, group_, topic_, queue.queue_id, target));
      done.offset_table[{.topic = topic_, .broker_name = broker_name, .queue_id = queue.queue_id}] =
          target;
    }
    return done;
  }

  std::string group_;
  std::string topic_;
  std::string timestamp_;
  std::string force_ = "true";
  bool is_cpp_ = false;
};

}  // namespace

void addOffsetCommands(CommandList& list) { list.push_back(std::make_unique<ResetOffsetByTime>()); }

}  // namespace rocketmq::mqadmin

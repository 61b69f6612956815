// resetOffsetByTime, skipAccumulatedMessage, cloneGroupOffset

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include <CLI/CLI.hpp>

#include "tools/mqadmin/brokers.h"
#include "tools/mqadmin/command.h"
#include "tools/mqadmin/text.h"

namespace rocketmq::mqadmin {
namespace {

/// Sends a group to a time in a topic, on all brokers of the topic, and prints where it goes, or
/// why it does not.
class OffsetReset {
 public:
  void addTo(CLI::App& app) {
    app.add_option("-g,--group", group_, "set the consumer group")->required();
    app.add_option("-t,--topic", topic_, "set the topic")->required();
    app.add_option("-f,--force", force_, "set the force rollback by timestamp switch[true|false]");
  }

  const std::string& group() const { return group_; }
  const std::string& topic() const { return topic_; }
  /// False never moves the group forward.
  bool force() const { return parseBool(force_); }

  /// `time` -1: the end of each queue.
  Status run(client::AdminClient& admin, TimestampMs time) const {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, admin.brokersOfTopic(topic_));
    fmt::print("{:<40}  {:<40}  {:<40}\n", "#brokerName", "#queueId", "#offset");
    return atEachBroker(brokers, [&](const std::string& name, const std::string& address) {
      return resetAt(admin, name, address, time);
    });
  }

 private:
  Status resetAt(client::AdminClient& admin, const std::string& name, const std::string& address,
                 TimestampMs time) const {
    ROCKETMQ_ASSIGN_OR_RETURN(auto reset,
                              admin.resetOffset(address, group_, topic_, time, force()));
    if (!reset) {
      ROCKETMQ_ASSIGN_OR_RETURN(reset, resetOffline(admin, address, name, time));
    }
    for (const auto& [queue, offset] : reset->offset_table) {
      fmt::print("{:<40}  {:<40}  {:<40}\n", cut(queue.broker_name, 32), queue.queue_id, offset);
    }
    return Status::ok();
  }

  /// The old way, for brokers that only pass resets on to clients: sets the stored offsets.
  Result<remoting::ResetOffsetBody> resetOffline(client::AdminClient& admin,
                                                 const std::string& address,
                                                 const std::string& broker_name,
                                                 TimestampMs time) const {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto stats, admin.consumeStats(address, group_, topic_));
    remoting::ResetOffsetBody done;
    for (const auto& [queue, offset] : stats.offset_table) {
      int64_t target = offset.broker_offset;
      if (time >= 0) {
        ROCKETMQ_ASSIGN_OR_RETURN(target,
                                  admin.searchOffset(address, topic_, queue.queue_id, time));
      }
      if (!force()) {
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
  std::string force_ = "true";
};

class ResetOffsetByTime : public Command {
 public:
  std::string_view name() const override { return "resetOffsetByTime"; }
  std::string_view description() const override {
    return "Reset consumer offset by timestamp(without client restart).";
  }

  void addOptions(CLI::App& app) override {
    reset_.addTo(app);
    app.add_option("-s,--timestamp", timestamp_,
                   "set the timestamp[now|currentTimeMillis|yyyy-MM-dd#HH:mm:ss:SSS]")
        ->required();
    app.add_flag("-c,--cplus", is_cpp_, "reset c++ client offset");
  }

  bool actsAsCppClient() const override { return is_cpp_; }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const TimestampMs time, parseTime(timestamp_));
    fmt::print(
        "rollback consumer offset by specified group[{}], topic[{}], force[{}], "
        "timestamp(string)[{}], timestamp(long)[{}]\n",
        reset_.group(), reset_.topic(), reset_.force(), timestamp_, time);
    return reset_.run(admin, time);
  }

 private:
  OffsetReset reset_;
  std::string timestamp_;
  bool is_cpp_ = false;
};

class SkipAccumulatedMessage : public Command {
 public:
  std::string_view name() const override { return "skipAccumulatedMessage"; }
  std::string_view description() const override {
    return "Skip all messages that are accumulated (not consumed) currently";
  }

  void addOptions(CLI::App& app) override { reset_.addTo(app); }

  Status run(client::AdminClient& admin) override { return reset_.run(admin, kEndOfQueues); }

 private:
  static constexpr TimestampMs kEndOfQueues = -1;
  OffsetReset reset_;
};

class CloneGroupOffset : public Command {
 public:
  std::string_view name() const override { return "cloneGroupOffset"; }
  std::string_view description() const override { return "clone offset from other group."; }

  void addOptions(CLI::App& app) override {
    app.add_option("-s,--srcGroup", source_, "set source consumer group")->required();
    app.add_option("-d,--destGroup", destination_, "set destination consumer group")->required();
    app.add_option("-t,--topic", topic_, "set the topic")->required();
    app.add_option("-o,--offline", offline_, "the group or the topic is offline");
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto brokers, admin.brokersOfTopic(topic_));
    ROCKETMQ_RETURN_IF_ERROR(atEachBroker(brokers, [&](const std::string&,
                                                       const std::string& address) {
      return admin.cloneGroupOffset(address, source_, destination_, topic_, parseBool(offline_));
    }));
    fmt::print("clone group offset success. srcGroup[{}], destGroup=[{}], topic[{}]\n", source_,
               destination_, topic_);
    return Status::ok();
  }

 private:
  std::string source_;
  std::string destination_;
  std::string topic_;
  std::string offline_;
};

}  // namespace

void addOffsetCommands(CommandList& list) {
  list.push_back(std::make_unique<ResetOffsetByTime>());
  list.push_back(std::make_unique<SkipAccumulatedMessage>());
  list.push_back(std::make_unique<CloneGroupOffset>());
}

}  // namespace rocketmq::mqadmin

// consumerStatus

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/atomic_file.h"
#include "common/clock.h"
#include "tools/mqadmin/brokers.h"
#include "tools/mqadmin/command.h"
#include "tools/mqadmin/running_info_text.h"

namespace rocketmq::mqadmin {
namespace {

/// One member's answer.
struct RunningInfo {
  std::string text;  ///< For people; the client's own words when they are no JSON.
  std::optional<remoting::ConsumerRunningInfo> info;
};

class ConsumerStatus : public Command {
 public:
  std::string_view name() const override { return "consumerStatus"; }
  std::string_view description() const override {
    return "Query consumer's internal data structure";
  }

  void addOptions(CLI::App& app) override {
    app.add_option("-g,--consumerGroup", group_, "consumer group name")->required();
    app.add_option("-i,--clientId", client_id_, "The consumer's client id");
    app.add_option("-b,--brokerAddr", broker_, "broker address");
    app.add_flag("-s,--jstack", with_stacks_, "Run jstack command in the consumer progress");
  }

  Status run(client::AdminClient& admin) override {
    ROCKETMQ_ASSIGN_OR_RETURN(const OnlineGroup online, onlineGroup(admin, group_, broker_));
    if (client_id_.empty()) {
      return printAll(admin, online);
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const RunningInfo running, ask(admin, online.broker, client_id_));
    fmt::print("{}", running.text);
    return Status::ok();
  }

 private:
  Result<RunningInfo> ask(client::AdminClient& admin, const std::string& broker,
                          const std::string& client_id) const {
    Result<std::string> asked = admin.consumerRunningInfo(broker, group_, client_id, with_stacks_);
    if (!asked.ok()) {
      return Status(asked.status().code(),
                    "member " + client_id + " has not answered broker " + broker +
                        ", which was to pass its answer on: " + asked.status().message());
    }
    std::string answer = std::move(*asked);
    auto info = json::decode<remoting::ConsumerRunningInfo>(answer);
    if (!info.ok()) {
      return RunningInfo{.text = std::move(answer), .info = std::nullopt};
    }
    std::string text = runningInfoText(*info);
    return RunningInfo{.text = std::move(text), .info = std::move(*info)};
  }

  /// A line for each member, whose answer goes to a file, and whether they agree.
  Status printAll(client::AdminClient& admin, const OnlineGroup& online) const {
    const std::string folder = std::to_string(SystemClock::instance().nowMs());
    std::map<std::string, remoting::ConsumerRunningInfo> infos;
    fmt::print("{:<10} {:<40} {:<20} {}\n", "#Index", "#ClientId", "#Version",
               "#ConsumerRunningInfoFile");
    std::vector<std::string> silent;
    int index = 0;
    for (const remoting::ConnectionInfo& member : online.members.connection_set) {
      auto running = ask(admin, online.broker, member.client_id);
      if (!running.ok()) {
        fmt::print(stderr, "{}\n", running.status().message());
        silent.push_back(member.client_id);
        continue;
      }
      const std::string file = folder + "/" + fileNameOf(member.client_id);
      ROCKETMQ_RETURN_IF_ERROR(replaceFile(file, running->text));
      fmt::print("{:<10} {:<40} {:<20} {}\n", ++index, member.client_id,
                 remoting::versionName(member.version), file);
      if (running->info) {
        infos.emplace(member.client_id, std::move(*running->info));
      }
    }
    printAgreement(infos, silent, online.members.message_model);
    return Status::ok();
  }

  /// A client chooses its id: it must not choose the folder too.
  static std::string fileNameOf(std::string client_id) {
    std::replace(client_id.begin(), client_id.end(), '/', '_');
    return client_id;
  }

  /// Members that have not said what they do may differ from the others.
  static void printAgreement(const std::map<std::string, remoting::ConsumerRunningInfo>& infos,
                             const std::vector<std::string>& silent,
                             model::MessageModel message_model) {
    std::set<std::map<std::string, std::string>> subscriptions;
    std::set<model::MessageQueue> queues;
    size_t held = 0;
    for (const auto& [client_id, info] : infos) {
      std::map<std::string, std::string> by_topic;
      for (const model::SubscriptionData& subscription : info.subscription_set) {
        by_topic.emplace(subscription.topic, subscription.sub_string);
      }
      subscriptions.insert(std::move(by_topic));
      for (const auto& [queue, state] : info.mq_table) {
        queues.insert(queue);
        ++held;
      }
    }
    if (subscriptions.size() > 1) {
      fmt::print("\n\nWARN: Different subscription in the same group of consumer!!!\n");
      return;
    }
    if (!silent.empty()) {
      fmt::print("\n\nWARN: whether the members agree is not known: no answer from {}\n",
                 fmt::join(silent, ", "));
      return;
    }
    const bool is_shared_out =
        message_model == model::MessageModel::kBroadcasting || queues.size() == held;
    fmt::print("\n\nSame subscription in the same group of consumer\n\nRebalance {}\n",
               is_shared_out ? "OK" : "Failed");
  }

  std::string group_;
  std::string client_id_;
  std::string broker_;
  bool with_stacks_ = false;
};

}  // namespace

void addConsumerStatusCommand(CommandList& list) {
  list.push_back(std::make_unique<ConsumerStatus>());
}

}  // namespace rocketmq::mqadmin

#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "client/admin/admin_client.h"
#include "common/status.h"

namespace CLI {
class App;
}

namespace rocketmq::mqadmin {

/// The pair of options with which most commands are told whom to ask: one broker by address, or all
/// masters of a cluster.
class BrokerChoice {
 public:
  void addTo(CLI::App& app, const std::string& verb);

  bool hasBroker() const { return !broker_.empty(); }
  const std::string& broker() const { return broker_; }
  const std::string& cluster() const { return cluster_; }

  /// Addresses. InvalidArgument unless exactly one of the two was given, NotFound for a cluster
  /// that no name server knows.
  Result<std::vector<std::string>> masters(client::AdminClient& admin) const;
  /// The same with the slaves.
  Result<std::vector<std::string>> all(client::AdminClient& admin) const;

  /// InvalidArgument unless exactly one of the two was given.
  Status check() const;

 private:
  std::string broker_;
  std::string cluster_;
};

/// The addresses to look for messages at, by broker name: those of the topic, or, when `cluster` is
/// not empty, of all masters of the cluster, whatever the name servers know of the topic.
Result<std::map<std::string, std::string>> brokersToAsk(client::AdminClient& admin,
                                                        const std::string& topic,
                                                        const std::string& cluster);

/// Brokers that know a group, by name: those of its retry topic, else all masters.
Result<std::map<std::string, std::string>> brokersOfGroup(client::AdminClient& admin,
                                                          const std::string& group);

/// Does `work(name, address)` at every broker, whatever becomes of it at the others, and prints a
/// line for each at which it fails. The error tells how many these are.
Status atEachBroker(const std::map<std::string, std::string>& brokers,
                    const std::function<Status(const std::string&, const std::string&)>& work);

/// The same for addresses, of brokers or of name servers. What fails at the only one is the error.
Status atEach(const std::vector<std::string>& addresses,
              const std::function<Status(const std::string&)>& work);

/// The members of a group as one broker has them.
struct OnlineGroup {
  std::string broker;  ///< Its address.
  remoting::ConsumerConnection members;
};
/// As `broker` has them or, when that is empty, the first broker of the group that has any; else
/// why the last one has none.
Result<OnlineGroup> onlineGroup(client::AdminClient& admin, const std::string& group,
                                const std::string& broker);

/// "TopicConfig [topicName=T, readQueueNums=4, ..., order=false]", as RocketMQ prints it.
std::string describe(const model::TopicConfig& config);
/// "SubscriptionGroupConfig [groupName=G, consumeEnable=true, ...]".
std::string describe(const model::SubscriptionGroupConfig& config);

}  // namespace rocketmq::mqadmin

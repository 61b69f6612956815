#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/instance/topic_route.h"
#include "common/mutex.h"

namespace rocketmq::client {

/// A broker's address and how the client came to know it.
struct BrokerAddress {
  std::string address;
  int64_t broker_id = 0;  ///< 0: the master.
  std::string broker_name;
  /// "route of topic T from name server X", for errors.
  std::string origin;

  bool isSlave() const { return broker_id != 0; }
};

/// All routes that a client knows, and the broker addresses in them. Threads: any.
class RouteTable {
 public:
  /// Stores a topic's route. True when it differs from the one before. Where routes disagree about
  /// a broker's addresses, the one stored last is believed.
  bool update(TopicRoutePtr route);

  /// The topics whose routes name a broker at `address`.
  std::set<std::string> topicsAt(const std::string& address) const;

  /// Nullptr when the topic's route is not known.
  TopicRoutePtr find(const std::string& topic) const;

  /// Topics with a route, for the periodic refresh.
  std::vector<std::string> topics() const;

  /// Address to send to (RocketMQ: findBrokerAddressInPublish).
  std::optional<std::string> master(const std::string& broker_name) const;

  /// Where to read from (RocketMQ: findBrokerAddressInSubscribe): the broker with the wanted id,
  /// else the master, else any of that name. Not a slave that noteSilent() was told of, while there
  /// is a master.
  std::optional<BrokerAddress> reader(const std::string& broker_name, int64_t broker_id) const;

  /// A broker that was asked for messages has not answered. A slave is not read from for
  /// kSilentTime then, unless its master is silent as well: the master would send its readers
  /// there again and again, and each time they would wait for a whole time-out.
  void noteSilent(const BrokerAddress& broker);
  /// By then the name server has noticed, and this client has asked it.
  static constexpr std::chrono::seconds kSilentTime{150};

  /// One address for each broker name of a topic, the master's if it has one; for questions that
  /// any of them answers.
  std::vector<BrokerAddress> brokersOf(const std::string& topic) const;

  /// Every known address; of slaves too if asked for.
  std::vector<BrokerAddress> all(bool with_slaves) const;

  /// How `address` became known; empty when it is not in any route.
  std::string originOf(const std::string& address) const;

 private:
  struct Known {
    TopicRoutePtr route;
    uint64_t revision = 0;  ///< Grows with each update of any topic.
  };
  using Brokers = std::map<std::string, std::map<int64_t, BrokerAddress>>;

  bool agreesLocked(const TopicRoute& route) const ROCKETMQ_REQUIRES(mutex_);
  void rebuildLocked() ROCKETMQ_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::map<std::string, Known> routes_ ROCKETMQ_GUARDED_BY(mutex_);
  uint64_t revision_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  // Derived from routes_; brokers that no route mentions any more are gone.
  Brokers brokers_ ROCKETMQ_GUARDED_BY(mutex_);
  /// Addresses of slaves that are not read from, and until when.
  std::map<std::string, std::chrono::steady_clock::time_point> silent_ ROCKETMQ_GUARDED_BY(mutex_);
};

}  // namespace rocketmq::client

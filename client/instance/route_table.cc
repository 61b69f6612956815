#include "client/instance/route_table.h"

namespace rocketmq::client {

bool RouteTable::update(TopicRoutePtr route) {
  MutexLock lock(mutex_);
  Known& known = routes_[route->topic];
  known.revision = ++revision_;
  const bool changed = known.route == nullptr || !known.route->sameAs(*route);
  if (changed) {
    known.route = std::move(route);
  }
  if (changed || !agreesLocked(*known.route)) {
    rebuildLocked();
  }
  return changed;
}

TopicRoutePtr RouteTable::find(const std::string& topic) const {
  MutexLock lock(mutex_);
  const auto found = routes_.find(topic);
  return found == routes_.end() ? nullptr : found->second.route;
}

std::vector<std::string> RouteTable::topics() const {
  std::vector<std::string> names;
  MutexLock lock(mutex_);
  names.reserve(routes_.size());
  for (const auto& [topic, known] : routes_) {
    names.push_back(topic);
  }
  return names;
}

std::set<std::string> RouteTable::topicsAt(const std::string& address) const {
  std::set<std::string> topics;
  MutexLock lock(mutex_);
  for (const auto& [topic, known] : routes_) {
    for (const model::BrokerData& broker : known.route->data.broker_datas) {
      for (const auto& [id, its_address] : broker.broker_addrs) {
        if (its_address == address) {
          topics.insert(topic);
        }
      }
    }
  }
  return topics;
}

std::optional<std::string> RouteTable::master(const std::string& broker_name) const {
  MutexLock lock(mutex_);
  const auto broker = brokers_.find(broker_name);
  if (broker == brokers_.end()) {
    return std::nullopt;
  }
  const auto master = broker->second.find(0);
  return master == broker->second.end() ? std::nullopt : std::optional(master->second.address);
}

std::optional<BrokerAddress> RouteTable::reader(const std::string& broker_name,
                                                int64_t broker_id) const {
  MutexLock lock(mutex_);
  const auto broker = brokers_.find(broker_name);
  if (broker == brokers_.end() || broker->second.empty()) {
    return std::nullopt;
  }
  // The map is sorted by id: its first entry is the master when there is one.
  const BrokerAddress& first = broker->second.begin()->second;
  const auto wanted = broker->second.find(broker_id);
  if (wanted == broker->second.end()) {
    return first;
  }
  const auto silent = silent_.find(wanted->second.address);
  return silent == silent_.end() || silent->second <= std::chrono::steady_clock::now() ||
                 first.isSlave()
             ? wanted->second
             : first;
}

void RouteTable::noteSilent(const BrokerAddress& broker) {
  const auto now = std::chrono::steady_clock::now();
  MutexLock lock(mutex_);
  std::erase_if(silent_, [&](const auto& entry) { return entry.second <= now; });
  if (broker.isSlave()) {
    silent_[broker.address] = now + kSilentTime;
  } else if (const auto known = brokers_.find(broker.broker_name); known != brokers_.end()) {
    for (const auto& [id, slave] : known->second) {
      silent_.erase(slave.address);
    }
  }
}

std::vector<BrokerAddress> RouteTable::brokersOf(const std::string& topic) const {
  std::vector<BrokerAddress> brokers;
  if (const TopicRoutePtr route = find(topic)) {
    for (const model::BrokerData& broker : route->data.broker_datas) {
      if (std::optional<BrokerAddress> address = reader(broker.broker_name, 0)) {
        brokers.push_back(std::move(*address));
      }
    }
  }
  return brokers;
}

std::vector<BrokerAddress> RouteTable::all(bool with_slaves) const {
  std::vector<BrokerAddress> addresses;
  MutexLock lock(mutex_);
  for (const auto& [name, by_id] : brokers_) {
    for (const auto& [id, address] : by_id) {
      if (with_slaves || !address.isSlave()) {
        addresses.push_back(address);
      }
    }
  }
  return addresses;
}

std::string RouteTable::originOf(const std::string& address) const {
  for (const BrokerAddress& known : all(true)) {
    if (known.address == address) {
      return known.origin;
    }
  }
  return {};
}

bool RouteTable::agreesLocked(const TopicRoute& route) const {
  for (const model::BrokerData& broker : route.data.broker_datas) {
    const auto known = brokers_.find(broker.broker_name);
    if (known == brokers_.end() || known->second.size() != broker.broker_addrs.size()) {
      return false;
    }
    for (const auto& [id, address] : broker.broker_addrs) {
      const auto entry = known->second.find(id);
      if (entry == known->second.end() || entry->second.address != address) {
        return false;
      }
    }
  }
  return true;
}

void RouteTable::rebuildLocked() {
  std::map<uint64_t, TopicRoutePtr> oldest_first;
  for (const auto& [topic, known] : routes_) {
    oldest_first.emplace(known.revision, known.route);
  }
  brokers_.clear();
  for (const auto& [revision, route] : oldest_first) {
    for (const model::BrokerData& broker : route->data.broker_datas) {
      std::map<int64_t, BrokerAddress>& by_id = brokers_[broker.broker_name];
      by_id.clear();
      for (const auto& [id, address] : broker.broker_addrs) {
        by_id.emplace(id, BrokerAddress{address, id, broker.broker_name,
                                        "route of topic " + route->topic + " from name server " +
                                            route->name_server});
      }
    }
  }
}

}  // namespace rocketmq::client

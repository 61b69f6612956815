#include "namesrv/route_table.h"

#include <algorithm>

#include "common/log.h"
#include "common/log_limiter.h"
#include "common/model/permission.h"

namespace rocketmq::namesrv {

namespace {

constexpr int64_t kMasterId = 0;

}  // namespace

RouteTable::RouteTable(Options options)
    : options_(options),
      texts_(std::make_shared<TextBudget>(options.text_bytes_max)),
      snapshot_(std::make_shared<const RouteSnapshot>()) {}

RegisterResult RouteTable::registerBroker(const Registration& registration,
                                          const std::vector<TopicQueues>* topics, RouteTime now) {
  const BrokerIdentity& broker = registration.broker;
  if (isOutdated(registration)) {
    static LogLimiter limiter;
    limiter.warn("broker {}[{}] at {} is behind the one registered, ignored", broker.name,
                 broker.id, broker.address);
    forget(broker.address);
    return {.outcome = RegisterResult::Outcome::kOutdated};
  }
  if (!hasRoomFor(broker)) {
    return {.outcome = RegisterResult::Outcome::kTooManyBrokers};
  }
  // RocketMQ parity: 5.x brokers register single topics only once they are known with all of them.
  // Older ones may well have a single topic, so for them it is a registration like any other.
  const bool may_be_partial = registration.enable_acting_master && !knowsId(broker);
  const TopicUse use = topicUseOf(registration);
  if (topics == nullptr) {
    if (may_be_partial || use.take || use.take_missing) {
      return {.outcome = RegisterResult::Outcome::kNeedsTopics};
    }
  } else if (may_be_partial && topics->size() == 1) {
    static LogLimiter limiter;
    limiter.warn("broker {}[{}] at {} registered one topic before all of them, refused",
                 broker.name, broker.id, broker.address);
    return {.outcome = RegisterResult::Outcome::kUnknownBroker};
  }

  leaveOtherName(broker);
  joinGroup(registration);
  RegisterResult result;
  if (topics != nullptr && (use.take || use.take_missing)) {
    result.topics_left_out = takeTopics(broker.name, *topics, use);
  }
  noteAlive(registration, now);

  if (broker.id != kMasterId) {
    addMasterTo(result, broker.name);
  }
  return result;
}

const RouteTable::LiveBroker* RouteTable::findLive(const std::string& address) const {
  const auto found = live_.find(address);
  return found == live_.end() ? nullptr : &found->second;
}

bool RouteTable::knowsId(const BrokerIdentity& broker) const {
  const auto group = groups_.find(broker.name);
  return group != groups_.end() && group->second.addresses.contains(broker.id);
}

bool RouteTable::isOutdated(const Registration& registration) const {
  const auto group = groups_.find(registration.broker.name);
  if (group == groups_.end()) {
    return false;
  }
  const auto holder = group->second.addresses.find(registration.broker.id);
  if (holder == group->second.addresses.end() || holder->second == registration.broker.address) {
    return false;
  }
  const LiveBroker* live = findLive(holder->second);
  return live != nullptr && live->data_version.state_version.value_or(0) >
                                registration.data_version.state_version.value_or(0);
}

bool RouteTable::hasRoomFor(const BrokerIdentity& broker) const {
  // Who takes an id over replaces its holder.
  return live_.size() < options_.brokers_max || live_.contains(broker.address) || knowsId(broker);
}

RouteTable::TopicUse RouteTable::topicUseOf(const Registration& registration) const {
  const BrokerIdentity& broker = registration.broker;
  const auto group = groups_.find(broker.name);
  // RocketMQ parity: topics come from the master; while there is none, from the smallest id among
  // the slaves that are 5.x.
  bool speaks_for_name = broker.id == kMasterId;
  if (!speaks_for_name && registration.enable_acting_master) {
    speaks_for_name = group == groups_.end() ||
                      std::ranges::all_of(group->second.addresses, [&](const auto& entry) {
                        return entry.first >= broker.id || entry.second == broker.address;
                      });
  }
  if (!speaks_for_name) {
    return {};
  }
  const LiveBroker* live = findLive(broker.address);
  // RocketMQ parity: versions are compared for equality only; going back is a change too.
  const bool changed = live == nullptr || live->data_version != registration.data_version;
  return {.take = changed || !knowsId(broker),
          .take_missing = group != groups_.end() && group->second.has_gaps,
          .strip_write = broker.id != kMasterId && *registration.enable_acting_master};
}

void RouteTable::leaveOtherName(const BrokerIdentity& broker) {
  const LiveBroker* live = findLive(broker.address);
  if (live != nullptr && live->name != broker.name) {
    static LogLimiter limiter;
    limiter.warn("address {} moves from broker {} to broker {}", broker.address, live->name,
                 broker.name);
    forget(broker.address);
  }
}

void RouteTable::joinGroup(const Registration& registration) {
  const BrokerIdentity& broker = registration.broker;
  Group& group = groups_[broker.name];
  if (group.cluster != broker.cluster) {
    leaveCluster(group.cluster, broker.name);
    clusters_[broker.cluster].insert(broker.name);
  }
  std::map<int64_t, std::string> addresses = group.addresses;
  // A slave that became master (or the other way round) gives up its former id.
  std::erase_if(addresses, [&](const auto& entry) { return entry.second == broker.address; });
  std::string& holder = addresses[broker.id];
  if (!holder.empty()) {
    static LogLimiter limiter;
    limiter.warn("broker {}[{}] moves from {} to {}", broker.name, broker.id, holder,
                 broker.address);
    live_.erase(holder);
  }
  holder = broker.address;
  if (addresses != group.addresses || group.cluster != broker.cluster ||
      group.zone != registration.zone) {
    static LogLimiter limiter;
    if (const auto left_out = limiter.admit()) {
      log::info("broker {}[{}] of cluster {} is at {}{}", broker.name, broker.id, broker.cluster,
                broker.address, LogLimiter::note(*left_out));
    }
    group.addresses = std::move(addresses);
    group.cluster = broker.cluster;
    group.zone = registration.zone;
    touchGroup(group);
  }
}

size_t RouteTable::takeTopics(const std::string& broker_name,
                              const std::vector<TopicQueues>& topics, TopicUse use) {
  if (use.take && options_.delete_missing_topics) {
    removeTopicsNotIn(broker_name, topics);
  }
  Group& group = groups_[broker_name];
  size_t left_out = 0;
  for (const TopicQueues& entry : topics) {
    if (!takeTopic(broker_name, group, entry, use)) {
      ++left_out;
    }
  }
  group.has_gaps = left_out > 0;
  return left_out;
}

bool RouteTable::takeTopic(const std::string& broker_name, Group& group, const TopicQueues& entry,
                           TopicUse use) {
  QueueLayout queues = entry.queues;
  if (use.strip_write) {
    queues.perm &= ~model::kPermissionWrite;
  }
  std::string name(entry.topic);
  const auto topic = topics_.find(name);
  if (topic != topics_.end()) {
    if (const auto held = topic->second.find(broker_name); held != topic->second.end()) {
      if (use.take && held->second != queues) {
        held->second = queues;
        dirty_topics_.insert(std::move(name));
      }
      return true;
    }
  }
  if (group.topics.size() >= options_.topics_per_broker_max ||
      topic_count_ >= options_.topics_max) {
    return false;
  }
  Topics::value_type& taken = topic != topics_.end() ? *topic : *topics_.try_emplace(name).first;
  taken.second.emplace(broker_name, queues);
  group.topics.insert(&taken);
  ++topic_count_;
  dirty_topics_.insert(std::move(name));
  return true;
}

RegisterTopicResult RouteTable::registerTopic(std::string_view topic,
                                              const std::vector<model::QueueData>& queues) {
  for (const model::QueueData& part : queues) {
    const auto group = groups_.find(part.broker_name);
    if (group == groups_.end()) {
      return RegisterTopicResult::kUnknownBroker;
    }
    const TopicQueues entry{topic,
                            {.read_queue_nums = part.read_queue_nums,
                             .write_queue_nums = part.write_queue_nums,
                             .perm = part.perm,
                             .topic_sys_flag = part.topic_sys_flag}};
    if (!takeTopic(part.broker_name, group->second, entry, {.take = true})) {
      return RegisterTopicResult::kTooManyTopics;
    }
  }
  return RegisterTopicResult::kAccepted;
}

void RouteTable::removeTopicsNotIn(const std::string& broker_name,
                                   const std::vector<TopicQueues>& topics) {
  std::unordered_set<std::string_view> named;
  named.reserve(topics.size());
  for (const TopicQueues& entry : topics) {
    named.insert(entry.topic);
  }
  removeFromTopics(broker_name, groups_[broker_name],
                   [&](const std::string& topic) { return !named.contains(topic); });
}

void RouteTable::noteAlive(const Registration& registration, RouteTime now) {
  live_.insert_or_assign(registration.broker.address,
                         LiveBroker{.name = registration.broker.name,
                                    .last_update = now,
                                    .timeout = registration.live_timeout,
                                    .data_version = registration.data_version,
                                    .connection_id = registration.connection_id,
                                    .ha_server_address = registration.ha_server_address});
}

void RouteTable::addMasterTo(RegisterResult& result, const std::string& broker_name) const {
  const std::map<int64_t, std::string>& addresses = groups_.at(broker_name).addresses;
  const auto master = addresses.find(kMasterId);
  if (master == addresses.end()) {
    return;
  }
  if (const LiveBroker* live = findLive(master->second)) {
    result.master_address = master->second;
    result.master_ha_address = live->ha_server_address;
  }
}

bool RouteTable::unregisterBroker(const BrokerIdentity& broker) {
  const LiveBroker* live = findLive(broker.address);
  if (live == nullptr || live->name != broker.name) {
    return false;
  }
  forget(broker.address);
  return true;
}

void RouteTable::forget(const std::string& address) {
  const auto live = live_.find(address);
  if (live != live_.end()) {
    const std::string name = live->second.name;
    live_.erase(live);
    removeAddress(name, address);
  }
}

template <class Predicate>
RouteTable::Removal RouteTable::removeLive(Predicate predicate) {
  Removal removal;
  size_t topics_left = kTopicsPerRemoval;
  for (auto at = live_.begin(); at != live_.end();) {
    if (!predicate(at->second)) {
      ++at;
      continue;
    }
    const std::string name = at->second.name;
    if (topics_left == 0 || !thinOut(name, at->first, topics_left)) {
      removal.is_done = false;
      return removal;
    }
    removal.gone.push_back(at->first);
    at = live_.erase(at);
    removeAddress(name, removal.gone.back());
  }
  return removal;
}

bool RouteTable::thinOut(const std::string& broker_name, const std::string& address,
                         size_t& topics_max) {
  const auto found = groups_.find(broker_name);
  if (found == groups_.end()) {
    return true;
  }
  Group& group = found->second;
  const bool is_last = std::ranges::all_of(
      group.addresses, [&](const auto& entry) { return entry.second == address; });
  if (!is_last) {
    // Their routes are made anew.
    topics_max -= std::min(topics_max, group.topics.size());
    return true;
  }
  const size_t before = group.topics.size();
  if (before > topics_max) {
    group.has_gaps = true;
    const size_t pieces = before / topics_max + 1;
    const size_t piece = RouteSnapshot::shardOf((*group.topics.begin())->first) % pieces;
    removeFromTopics(broker_name, group, [&](const std::string& topic) {
      return RouteSnapshot::shardOf(topic) % pieces == piece;
    });
  } else {
    removeFromTopics(broker_name, group, [](const std::string&) { return true; });
  }
  topics_max -= std::min(topics_max, before - group.topics.size());
  return group.topics.empty();
}

RouteTable::Removal RouteTable::expire(RouteTime now) {
  return removeLive([&](const LiveBroker& live) { return live.last_update + live.timeout < now; });
}

RouteTable::Removal RouteTable::connectionsClosed(
    const std::unordered_set<uint64_t>& connection_ids) {
  return removeLive(
      [&](const LiveBroker& live) { return connection_ids.contains(live.connection_id); });
}

void RouteTable::removeAddress(const std::string& broker_name, const std::string& address) {
  const auto found = groups_.find(broker_name);
  if (found == groups_.end()) {
    return;
  }
  Group& group = found->second;
  const size_t removed =
      std::erase_if(group.addresses, [&](const auto& entry) { return entry.second == address; });
  if (removed == 0) {
    return;  // Another broker has taken the id over in the meantime.
  }
  static LogLimiter limiter;
  if (const auto left_out = limiter.admit()) {
    log::info("broker {} at {} is gone{}", broker_name, address, LogLimiter::note(*left_out));
  }
  if (!group.addresses.empty()) {
    touchGroup(group);
    return;
  }
  leaveCluster(group.cluster, broker_name);
  removeFromTopics(broker_name, group, [](const std::string&) { return true; });
  groups_.erase(found);
}

void RouteTable::leaveCluster(const std::string& cluster, const std::string& broker_name) {
  const auto found = clusters_.find(cluster);
  if (found != clusters_.end()) {
    found->second.erase(broker_name);
    if (found->second.empty()) {
      clusters_.erase(found);
    }
  }
}

template <class Predicate>
void RouteTable::removeFromTopics(const std::string& broker_name, Group& group,
                                  Predicate predicate) {
  for (auto at = group.topics.begin(); at != group.topics.end();) {
    auto& [name, brokers] = **at;
    if (!predicate(name)) {
      ++at;
      continue;
    }
    at = group.topics.erase(at);
    --topic_count_;
    dirty_topics_.insert(name);
    brokers.erase(broker_name);
    if (brokers.empty()) {
      topics_.erase(topics_.find(name));
    }
  }
}

DataVersionState RouteTable::queryDataVersion(const BrokerIdentity& broker,
                                              const model::DataVersion& version, RouteTime now) {
  const auto live = live_.find(broker.address);
  if (live == live_.end() || live->second.name != broker.name) {
    return {};
  }
  live->second.last_update = now;
  // Some brokers register only when this says so: what is missing would never come back.
  const auto group = groups_.find(broker.name);
  const bool has_gaps = group != groups_.end() && group->second.has_gaps;
  return {.changed = has_gaps || live->second.data_version != version,
          .known = live->second.data_version};
}

int32_t RouteTable::wipeWritePerm(const std::string& broker_name) {
  return changePerms(broker_name, ~model::kPermissionWrite, 0);
}

int32_t RouteTable::addWritePerm(const std::string& broker_name) {
  // RocketMQ parity: the permission is set, not added to, so that the inherit bit is lost.
  return changePerms(broker_name, 0, model::kPermissionRead | model::kPermissionWrite);
}

int32_t RouteTable::changePerms(const std::string& broker_name, int32_t keep_bits,
                                int32_t set_bits) {
  const auto found = groups_.find(broker_name);
  if (found == groups_.end()) {
    return 0;
  }
  for (Topics::value_type* const topic : found->second.topics) {
    int32_t& perm = topic->second.at(broker_name).perm;
    const int32_t next = (perm & keep_bits) | set_bits;
    if (perm != next) {
      perm = next;
      dirty_topics_.insert(topic->first);
    }
  }
  return static_cast<int32_t>(found->second.topics.size());
}

void RouteTable::noteDeleted(Group& group, Topics::value_type& topic) {
  group.has_gaps = true;
  group.topics.erase(&topic);
  --topic_count_;
}

void RouteTable::deleteTopic(const std::string& topic) {
  const auto found = topics_.find(topic);
  if (found == topics_.end()) {
    return;
  }
  for (const auto& [broker_name, queues] : found->second) {
    noteDeleted(groups_[broker_name], *found);
  }
  topics_.erase(found);
  dirty_topics_.insert(topic);
}

void RouteTable::deleteTopic(const std::string& topic, const std::string& cluster) {
  const auto found = topics_.find(topic);
  const auto names = clusters_.find(cluster);
  if (found == topics_.end() || names == clusters_.end()) {
    return;
  }
  for (const std::string& broker_name : names->second) {
    if (found->second.erase(broker_name) > 0) {
      noteDeleted(groups_[broker_name], *found);
    }
  }
  if (found->second.empty()) {
    topics_.erase(found);
  }
  dirty_topics_.insert(topic);
}

std::map<std::string, model::BrokerData> RouteTable::brokers() const {
  std::map<std::string, model::BrokerData> brokers;
  for (const auto& [name, group] : groups_) {
    brokers.emplace(name, viewOf(name, group));
  }
  return brokers;
}

void RouteTable::touchGroup(Group& group) {
  group.view = nullptr;
  for (const Topics::value_type* const topic : group.topics) {
    dirty_topics_.insert(topic->first);
  }
}

model::BrokerData RouteTable::viewOf(const std::string& broker_name, const Group& group) {
  model::BrokerData view;
  view.cluster = group.cluster;
  view.broker_name = broker_name;
  view.broker_addrs = group.addresses;
  if (!group.zone.empty()) {
    view.zone_name = group.zone;
  }
  return view;
}

std::shared_ptr<const model::BrokerData> RouteTable::sharedView(const std::string& broker_name) {
  Group& group = groups_[broker_name];
  if (group.view == nullptr) {
    group.view = std::make_shared<const model::BrokerData>(viewOf(broker_name, group));
  }
  return group.view;
}

std::shared_ptr<const RouteSnapshot> RouteTable::publish() {
  if (dirty_topics_.empty()) {
    return snapshot_;
  }
  std::vector<RouteSnapshot::Change> changes;
  changes.reserve(dirty_topics_.size());
  for (const std::string& name : dirty_topics_) {
    TopicRoutePtr route;
    if (const auto topic = topics_.find(name); topic != topics_.end()) {
      std::vector<TopicRoute::Part> parts;
      parts.reserve(topic->second.size());
      for (const auto& [broker_name, queues] : topic->second) {
        parts.push_back({sharedView(broker_name), queues});
      }
      route = std::make_shared<const TopicRoute>(std::move(parts), texts_);
    }
    changes.emplace_back(name, std::move(route));
  }
  dirty_topics_.clear();
  snapshot_ = snapshot_->with(std::move(changes));
  return snapshot_;
}

}  // namespace rocketmq::namesrv

#include "broker/group/client_registry.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "common/log.h"
#include "common/log_limiter.h"
#include "remoting/protocol/commands/client_membership.h"

namespace rocketmq::broker {

namespace {

/// What a membership takes beside the names of the group and the client: nodes of some maps.
constexpr size_t kMembershipBytes = 512;

size_t membershipBytes(const std::string& group, const std::string& client_id) {
  return 2 * group.size() + 4 * client_id.size() + kMembershipBytes;
}

/// A hash of the topics and expressions of a heartbeat, in whatever order they are.
uint64_t fingerprintOf(const std::vector<model::SubscriptionData>& subscriptions) {
  uint64_t sum = subscriptions.size();
  std::string line;
  for (const model::SubscriptionData& subscription : subscriptions) {
    line = subscription.topic;
    line.append(" ").append(subscription.expression_type).append(" ");
    line.append(subscription.sub_string);
    sum += std::hash<std::string>{}(line);
  }
  return sum;
}

}  // namespace

ClientRegistry::ClientRegistry(Options options, ConsumerFilters& filters, const Clock& clock)
    : options_(std::move(options)), filters_(filters), clock_(clock), budget_(options_.bytes) {}

void ClientRegistry::linkProducer(const ClientInfo& client) {
  ProducerLink& link = producer_links_[client.client_id][client.connection->id()];
  link.connection = client.connection;
  ++link.groups;
}

void ClientRegistry::unlinkProducer(const MemberKey& key) {
  const auto links = producer_links_.find(key.client_id);
  const auto link = links->second.find(key.connection_id);
  if (--link->second.groups == 0) {
    links->second.erase(link);
    if (links->second.empty()) {
      producer_links_.erase(links);
    }
  }
}

ClientRegistry::Account ClientRegistry::noteGroup(const ClientInfo& client,
                                                  const std::string& group, MemberKind kind) {
  const uint64_t connection_id = client.connection->id();
  MutexLock lock(connections_mutex_);
  ConnectionGroups& groups = connections_[connection_id];
  if (groups.account == nullptr) {
    groups.account = budget_.open();
    groups.names = ByteCharge(groups.account);
  }
  auto& names = kind == MemberKind::kProducer ? groups.producer_groups : groups.consumer_groups;
  const auto clients = names.find(group);
  const bool is_known = clients != names.end() && clients->second.contains(client.client_id);
  if (!is_known && (groups.memberships >= kMembershipsMax ||
                    !groups.names.grow(membershipBytes(group, client.client_id)))) {
    static LogLimiter limiter(1);
    limiter.warn("connection {} joins no more groups, it has joined {}", connection_id,
                 groups.memberships);
    return nullptr;
  }
  if (!is_known) {
    names[group].insert(client.client_id);
  }
  return groups.account;
}

/// Closing may have come in between; then there is nothing left to count.
void ClientRegistry::countMembership(uint64_t connection_id) {
  MutexLock lock(connections_mutex_);
  if (const auto groups = connections_.find(connection_id); groups != connections_.end()) {
    ++groups->second.memberships;
  }
}

bool ClientRegistry::registerProducer(const std::string& group, const ClientInfo& client) {
  const uint64_t connection_id = client.connection->id();
  if (noteGroup(client, group, MemberKind::kProducer) == nullptr) {
    return false;
  }
  bool joined = false;
  {
    MutexLock lock(producers_mutex_);
    const auto [place, is_new] = producers_[group].insert_or_assign(
        MemberKey{connection_id, client.client_id}, heardNow(client));
    joined = is_new;
    if (is_new) {
      linkProducer(client);
    }
  }
  if (joined) {
    countMembership(connection_id);
    log::info("producer {} of group {} joined from {}", client.client_id, group,
              client.connection->remote().toString());
  }
  return true;
}

void ClientRegistry::warnOfDifference(const std::string& group_name, const ConsumerGroup& group,
                                      const Member& member) {
  for (const auto& [key, other] : group.members) {
    if (other.subscribed != member.subscribed) {
      log::warn(
          "members of consumer group {} subscribe differently and will lose messages: {} ({}) and "
          "{} ({}); give each set of subscriptions a group of its own",
          group_name, member.client.client_id, member.client.connection->remote().toString(),
          other.client.client_id, other.client.connection->remote().toString());
      return;
    }
  }
}

bool ClientRegistry::updateMember(const std::string& group_name, ConsumerGroup& group,
                                  const ClientInfo& client,
                                  const GroupSubscription& subscription) const {
  const auto [place, is_new] =
      group.members.try_emplace(MemberKey{client.connection->id(), client.client_id});
  Member& member = place->second;
  member.client = heardNow(client);
  if (!subscription.keeps_subscriptions) {
    const uint64_t subscribed = fingerprintOf(subscription.subscriptions);
    if (subscribed != member.subscribed) {
      member.subscribed = subscribed;
      warnOfDifference(group_name, group, member);
    }
  }
  if (is_new) {
    log::info("consumer {} of group {} joined from {}", client.client_id, group_name,
              client.connection->remote().toString());
  }
  return is_new;
}

std::optional<std::vector<ActiveSubscriptionPtr>> ClientRegistry::activateAll(
    const std::string& group, const GroupSubscription& sent, const Account& account) const {
  std::vector<ActiveSubscriptionPtr> all;
  all.reserve(sent.subscriptions.size());
  for (const model::SubscriptionData& subscription : sent.subscriptions) {
    const ActiveSubscriptionPtr known = findSubscription(group, subscription.topic).subscription;
    if (known != nullptr && subscription.sub_version <= known->data.sub_version) {
      all.push_back(known);
      continue;
    }
    ByteCharge charge(account);
    if (!charge.grow(activeBytes(subscription))) {
      return std::nullopt;
    }
    all.push_back(activate(group, subscription, known.get(), filters_, std::move(charge)));
    if (!all.back()->filter_fault.empty()) {
      log::warn("consumer group {} subscribes to {} with a bad expression: {}", group,
                subscription.topic, all.back()->filter_fault);
    }
  }
  return all;
}

bool ClientRegistry::registerConsumer(const std::string& group_name, const ClientInfo& client,
                                      const GroupSubscription& subscription) {
  // Before the group, so that a connection that closes now finds what it has to undo.
  const Account account = noteGroup(client, group_name, MemberKind::kConsumer);
  if (account == nullptr) {
    return false;
  }
  const auto subscriptions = activateAll(group_name, subscription, account);
  if (!subscriptions) {
    static LogLimiter limiter(1);
    limiter.warn("a heartbeat of connection {} is refused: no room for the subscriptions of {}",
                 client.connection->id(), group_name);
    return false;
  }
  Recipients recipients;
  MergeOutcome merged;
  bool joined = false;
  {
    Shard& shard = shardOf(group_name);
    MutexLock lock(shard.mutex);
    ConsumerGroup& group = shard.groups[group_name];
    joined = updateMember(group_name, group, client, subscription);
    merged = updateGroup(group, subscription, *subscriptions);
    if (merged.topics_changed || joined) {
      recipients = recipientsOf(group);
    }
  }
  if (options_.on_other_expression) {
    for (const std::string& topic : merged.other_expressions) {
      options_.on_other_expression(topic, group_name);
    }
  }
  if (joined) {
    countMembership(client.connection->id());
  }
  notify(group_name, recipients);
  return true;
}

MergeOutcome ClientRegistry::updateGroup(ConsumerGroup& group, const GroupSubscription& sent,
                                         const std::vector<ActiveSubscriptionPtr>& subscriptions) {
  MergeOutcome outcome;
  if (!sent.keeps_subscriptions) {
    outcome = mergeSubscriptions(subscriptions, clock_.nowMs(), group.subscriptions);
  }
  const bool is_changed = outcome.is_changed || group.traits != sent.traits;
  group.traits = sent.traits;
  if (is_changed && group.members.size() > 1) {
    changes_.fetch_add(1, std::memory_order_release);
  }
  return outcome;
}

ClientInfo ClientRegistry::heardNow(const ClientInfo& client) const {
  ClientInfo heard = client;
  if (heard.heard == nullptr) {
    heard.heard = std::make_shared<LastHeard>(clock_.nowMs());
  } else {
    heard.heard->set(clock_.nowMs());
  }
  return heard;
}

void ClientRegistry::remember(uint64_t connection_id, const HeartbeatPrint& print,
                              std::shared_ptr<LastHeard> heard) {
  MutexLock lock(connections_mutex_);
  if (const auto groups = connections_.find(connection_id); groups != connections_.end()) {
    groups->second.last_print = print;
    groups->second.last_heard = std::move(heard);
  }
}

bool ClientRegistry::refresh(uint64_t connection_id, const HeartbeatPrint& print) {
  MutexLock lock(connections_mutex_);
  const auto groups = connections_.find(connection_id);
  if (groups == connections_.end() || groups->second.last_heard == nullptr ||
      groups->second.last_print != print) {
    return false;
  }
  groups->second.last_heard->set(clock_.nowMs());
  return true;
}

void ClientRegistry::forget(uint64_t connection_id) {
  MutexLock lock(connections_mutex_);
  if (const auto groups = connections_.find(connection_id); groups != connections_.end()) {
    groups->second.last_heard = nullptr;
  }
}

ClientRegistry::Recipients ClientRegistry::recipientsOf(const ConsumerGroup& group) {
  Recipients recipients;
  recipients.reserve(group.members.size());
  for (const auto& [key, member] : group.members) {
    recipients.push_back(member.client.connection);
  }
  return recipients;
}

void ClientRegistry::notify(const std::string& group, const Recipients& recipients) const {
  if (recipients.empty() || (options_.may_notify && !options_.may_notify(group))) {
    return;
  }
  remoting::NotifyConsumerIdsChanged request;
  request.consumer_group = group;
  for (const remoting::ConnectionPtr& connection : recipients) {
    connection->oneway(request);
  }
}

template <class Predicate>
void ClientRegistry::removeMembers(const std::string& group_name, Predicate gone) {
  Recipients recipients;
  {
    Shard& shard = shardOf(group_name);
    MutexLock lock(shard.mutex);
    const auto group = shard.groups.find(group_name);
    if (group == shard.groups.end() ||
        std::erase_if(group->second.members,
                      [&](const auto& member) { return gone(member.second.client); }) == 0) {
      return;
    }
    recipients = recipientsOf(group->second);
    if (group->second.members.empty()) {
      // RocketMQ parity: the subscriptions go with the last member.
      markDead(group->second.subscriptions, clock_.nowMs());
      shard.groups.erase(group);
    }
  }
  log::info("a consumer of group {} left, {} stay", group_name, recipients.size());
  notify(group_name, recipients);
}

template <class Predicate>
void ClientRegistry::removeProducers(Predicate gone) {
  MutexLock lock(producers_mutex_);
  for (auto group = producers_.begin(); group != producers_.end();) {
    auto& members = group->second;
    for (auto member = members.begin(); member != members.end();) {
      if (!gone(member->second)) {
        ++member;
        continue;
      }
      log::info("producer {} of group {} left", member->second.client_id, group->first);
      unlinkProducer(member->first);
      member = members.erase(member);
    }
    group = group->second.empty() ? producers_.erase(group) : std::next(group);
  }
}

void ClientRegistry::unregisterProducer(std::string_view group, std::string_view client_id,
                                        uint64_t connection_id) {
  forget(connection_id);
  MutexLock lock(producers_mutex_);
  const auto members = producers_.find(group);
  if (members == producers_.end()) {
    return;
  }
  const MemberKey key{connection_id, std::string(client_id)};
  if (members->second.erase(key) > 0) {
    unlinkProducer(key);
  }
  if (members->second.empty()) {
    producers_.erase(members);
  }
}

void ClientRegistry::unregisterConsumer(std::string_view group, std::string_view client_id,
                                        uint64_t connection_id) {
  forget(connection_id);
  removeMembers(std::string(group), [&](const ClientInfo& client) {
    return client.connection->id() == connection_id && client.client_id == client_id;
  });
}

void ClientRegistry::removeProducer(const std::string& group, uint64_t connection_id) {
  const auto members = producers_.find(group);
  if (members == producers_.end()) {
    return;
  }
  auto member = members->second.lower_bound(MemberKey{connection_id, {}});
  while (member != members->second.end() && member->first.connection_id == connection_id) {
    log::info("producer {} of group {} left", member->first.client_id, group);
    unlinkProducer(member->first);
    member = members->second.erase(member);
  }
  if (members->second.empty()) {
    producers_.erase(members);
  }
}

void ClientRegistry::removeConnection(uint64_t connection_id) {
  ConnectionGroups groups;
  {
    MutexLock lock(connections_mutex_);
    if (auto known = connections_.extract(connection_id)) {
      groups = std::move(known.mapped());
    }
  }
  for (const auto& [group, clients] : groups.consumer_groups) {
    removeMembers(group, [connection_id](const ClientInfo& client) {
      return client.connection->id() == connection_id;
    });
  }
  MutexLock lock(producers_mutex_);
  for (const auto& [group, clients] : groups.producer_groups) {
    removeProducer(group, connection_id);
  }
}

std::vector<remoting::ConnectionPtr> ClientRegistry::connectionsSilentSince(
    TimestampMs oldest) const {
  std::vector<remoting::ConnectionPtr> silent;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (const auto& [name, group] : shard.groups) {
      for (const auto& [key, member] : group.members) {
        if (member.client.updatedMs() < oldest) {
          silent.push_back(member.client.connection);
        }
      }
    }
  }
  MutexLock lock(producers_mutex_);
  for (const auto& [name, members] : producers_) {
    for (const auto& [key, client] : members) {
      if (client.updatedMs() < oldest) {
        silent.push_back(client.connection);
      }
    }
  }
  return silent;
}

void ClientRegistry::removeExpired() {
  const TimestampMs oldest = clock_.nowMs() - options_.expiry.count();
  const std::vector<remoting::ConnectionPtr> silent = connectionsSilentSince(oldest);
  if (silent.empty()) {
    return;
  }
  const auto gone = [oldest](const ClientInfo& client) { return client.updatedMs() < oldest; };
  for (const std::string& group : consumerGroups()) {
    removeMembers(group, gone);
  }
  removeProducers(gone);
  for (const remoting::ConnectionPtr& connection : silent) {
    connection->close("no heartbeat for too long");
  }
}

std::vector<std::string> ClientRegistry::consumerIds(std::string_view group_name) const {
  std::set<std::string> ids;
  const Shard& shard = shardOf(group_name);
  MutexLock lock(shard.mutex);
  if (const auto group = shard.groups.find(group_name); group != shard.groups.end()) {
    for (const auto& [key, member] : group->second.members) {
      ids.insert(key.client_id);
    }
  }
  return {ids.begin(), ids.end()};
}

std::optional<ConsumerGroupView> ClientRegistry::consumerGroup(std::string_view group_name) const {
  const Shard& shard = shardOf(group_name);
  MutexLock lock(shard.mutex);
  const auto group = shard.groups.find(group_name);
  if (group == shard.groups.end()) {
    return std::nullopt;
  }
  ConsumerGroupView view;
  view.traits = group->second.traits;
  for (const auto& [topic, subscription] : group->second.subscriptions) {
    view.subscriptions.emplace(topic, subscription->data);
  }
  for (const auto& [key, member] : group->second.members) {
    view.members.push_back(member.client);
  }
  return view;
}

std::set<std::string> ClientRegistry::consumerGroups() const {
  std::set<std::string> names;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (const auto& [name, group] : shard.groups) {
      names.insert(name);
    }
  }
  return names;
}

std::set<std::string> ClientRegistry::groupsSubscribedTo(std::string_view topic) const {
  std::set<std::string> names;
  for (const Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    for (const auto& [name, group] : shard.groups) {
      if (group.subscriptions.contains(topic)) {
        names.insert(name);
      }
    }
  }
  return names;
}

std::optional<ClientInfo> ClientRegistry::findConsumer(std::string_view group_name,
                                                       std::string_view client_id) const {
  const Shard& shard = shardOf(group_name);
  MutexLock lock(shard.mutex);
  if (const auto group = shard.groups.find(group_name); group != shard.groups.end()) {
    // The newest connection: an older one of the client may be dead without anybody knowing yet.
    const auto& members = group->second.members;
    for (auto member = members.rbegin(); member != members.rend(); ++member) {
      if (member->first.client_id == client_id) {
        return member->second.client;
      }
    }
  }
  return std::nullopt;
}

ClientRegistry::FoundSubscription ClientRegistry::findSubscription(std::string_view group_name,
                                                                   std::string_view topic) const {
  const Shard& shard = shardOf(group_name);
  MutexLock lock(shard.mutex);
  const auto group = shard.groups.find(group_name);
  if (group == shard.groups.end()) {
    return {};
  }
  FoundSubscription found;
  found.message_model = group->second.traits.message_model;
  const auto subscription = group->second.subscriptions.find(topic);
  if (subscription == group->second.subscriptions.end()) {
    found.state = SubscriptionState::kNoTopic;
    return found;
  }
  found.state = SubscriptionState::kFound;
  found.subscription = subscription->second;
  return found;
}

std::vector<ClientInfo> ClientRegistry::producers(std::string_view group) const {
  std::vector<ClientInfo> clients;
  MutexLock lock(producers_mutex_);
  if (const auto members = producers_.find(group); members != producers_.end()) {
    for (const auto& [key, client] : members->second) {
      clients.push_back(client);
    }
  }
  return clients;
}

std::map<std::string, std::vector<ClientInfo>> ClientRegistry::allProducers() const {
  std::map<std::string, std::vector<ClientInfo>> groups;
  MutexLock lock(producers_mutex_);
  for (const auto& [name, members] : producers_) {
    for (const auto& [key, client] : members) {
      groups[name].push_back(client);
    }
  }
  return groups;
}

remoting::ConnectionPtr ClientRegistry::findProducerConnection(std::string_view client_id) const {
  MutexLock lock(producers_mutex_);
  const auto links = producer_links_.find(client_id);
  // Connection ids grow, so the last link is the newest connection.
  return links == producer_links_.end() ? nullptr : links->second.rbegin()->second.connection;
}

remoting::ConnectionPtr ClientRegistry::pickProducerConnection(std::string_view group) {
  MutexLock lock(producers_mutex_);
  const auto members = producers_.find(group);
  if (members == producers_.end()) {
    return nullptr;
  }
  const auto index = static_cast<ptrdiff_t>(picks_++ % members->second.size());
  return std::next(members->second.begin(), index)->second.connection;
}

}  // namespace rocketmq::broker

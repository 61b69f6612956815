#include "broker/group/client_registry.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "common/log.h"
#include "common/log_limiter.h"

namespace rocketmq::broker {

namespace {

/// Of a kind: who joins and leaves again and again must not fill the disk.
constexpr int64_t kMemberLinesPerSecond = 100;

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

constexpr std::chrono::milliseconds kGroupTellPeriod{100};

void logJoined(std::string_view what, const ClientInfo& client, std::string_view group) {
  static LogLimiter limiter(kMemberLinesPerSecond);
  if (const auto left_out = limiter.admit()) {
    log::info("{} {} of group {} joined from {}{}", what, client.client_id, group,
              client.connection->remote().toString(), LogLimiter::note(*left_out));
  }
}

void logProducerLeft(std::string_view client_id, std::string_view group) {
  static LogLimiter limiter(kMemberLinesPerSecond);
  if (const auto left_out = limiter.admit()) {
    log::info("producer {} of group {} left{}", client_id, group, LogLimiter::note(*left_out));
  }
}

void logConsumerLeft(std::string_view group, size_t staying) {
  static LogLimiter limiter(kMemberLinesPerSecond);
  if (const auto left_out = limiter.admit()) {
    log::info("a consumer of group {} left, {} stay{}", group, staying,
              LogLimiter::note(*left_out));
  }
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
    logJoined("producer", client, group);
  }
  return true;
}

/// Compares with one other member: the first one that differs from the others is told of, and a
/// group may have many.
void ClientRegistry::warnOfDifference(const std::string& group_name, const ConsumerGroup& group,
                                      const Member& member) {
  auto other = group.members.begin();
  if (&other->second == &member && ++other == group.members.end()) {
    return;
  }
  if (other->second.subscribed != member.subscribed) {
    static LogLimiter limiter;
    limiter.warn(
        "members of consumer group {} subscribe differently and will lose messages: {} ({}) and "
        "{} ({}); give each set of subscriptions a group of its own",
        group_name, member.client.client_id, member.client.connection->remote().toString(),
        other->second.client.client_id, other->second.client.connection->remote().toString());
  }
}

ClientRegistry::MemberUpdate ClientRegistry::updateMember(const std::string& group_name,
                                                          ConsumerGroup& group,
                                                          const ClientInfo& client,
                                                          const GroupSubscription& subscription,
                                                          ByteCharge versions) const {
  const auto [place, is_new] =
      group.members.try_emplace(MemberKey{client.connection->id(), client.client_id});
  Member& member = place->second;
  member.client = heardNow(client);
  MemberUpdate update{.is_new = is_new};
  if (!subscription.keeps_subscriptions) {
    if (!SentVersions::areOf(member.versions, subscription.subscriptions)) {
      group.versions.replace(member.versions, subscription.subscriptions, std::move(versions));
      update.has_other_versions = true;
    }
    const uint64_t subscribed = fingerprintOf(subscription.subscriptions);
    if (subscribed != member.subscribed) {
      member.subscribed = subscribed;
      warnOfDifference(group_name, group, member);
    }
  }
  if (is_new) {
    group.ids_body = nullptr;
    logJoined("consumer", client, group_name);
  }
  return update;
}

std::optional<ByteCharge> ClientRegistry::chargeVersions(const std::string& group,
                                                         const MemberKey& key,
                                                         const GroupSubscription& sent,
                                                         const Account& account) const {
  ByteCharge charge(account);
  if (sent.keeps_subscriptions) {
    return charge;
  }
  {
    const Shard& shard = shardOf(group);
    MutexLock lock(shard.mutex);
    if (const auto found = shard.groups.find(group); found != shard.groups.end()) {
      const auto member = found->second.members.find(key);
      if (member != found->second.members.end() &&
          SentVersions::areOf(member->second.versions, sent.subscriptions)) {
        return charge;
      }
    }
  }
  return charge.grow(SentVersions::bytesOf(sent.subscriptions)) ? std::optional(std::move(charge))
                                                                : std::nullopt;
}

bool ClientRegistry::takesOver(const ConsumerGroup& group, const MemberKey& key,
                               const model::SubscriptionData& sent,
                               const model::SubscriptionData& known) {
  if (sent.sub_version >= known.sub_version) {
    return sent.sub_version > known.sub_version;
  }
  const auto member = group.members.find(key);
  const std::optional<int64_t> newest = group.versions.newestOfOthers(
      sent.topic, member == group.members.end() ? nullptr : &member->second.versions);
  return !newest || *newest <= sent.sub_version;
}

bool ClientRegistry::hasOrphans(const ConsumerGroup& group) {
  return std::any_of(group.subscriptions.begin(), group.subscriptions.end(),
                     [&group](const auto& subscription) {
                       const auto newest = group.versions.newest(subscription.first);
                       return !newest || *newest < subscription.second->data.sub_version;
                     });
}

ClientRegistry::Known ClientRegistry::findKnown(const std::string& group, const MemberKey& key,
                                                const model::SubscriptionData& sent) const {
  const Shard& shard = shardOf(group);
  MutexLock lock(shard.mutex);
  const auto found = shard.groups.find(group);
  if (found == shard.groups.end()) {
    return {};
  }
  const auto known = found->second.subscriptions.find(sent.topic);
  if (known == found->second.subscriptions.end()) {
    return {};
  }
  return {known->second, !takesOver(found->second, key, sent, known->second->data)};
}

std::optional<std::vector<ActiveSubscriptionPtr>> ClientRegistry::activateAll(
    const std::string& group, const MemberKey& key, const GroupSubscription& sent,
    const Account& account) const {
  std::vector<ActiveSubscriptionPtr> all;
  all.reserve(sent.subscriptions.size());
  for (const model::SubscriptionData& subscription : sent.subscriptions) {
    const auto [known, stays] = findKnown(group, key, subscription);
    if (stays) {
      all.push_back(known);
      continue;
    }
    ByteCharge charge(account);
    if (!charge.grow(activeBytes(subscription))) {
      return std::nullopt;
    }
    all.push_back(activate(group, subscription, known.get(), filters_, std::move(charge)));
    if (!all.back()->filter_fault.empty()) {
      static LogLimiter limiter;
      limiter.warn("consumer group {} subscribes to {} with a bad expression: {}", group,
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
  const MemberKey key{client.connection->id(), client.client_id};
  auto versions = chargeVersions(group_name, key, subscription, account);
  const auto subscriptions =
      versions ? activateAll(group_name, key, subscription, account) : std::nullopt;
  if (!subscriptions) {
    static LogLimiter limiter(1);
    limiter.warn("a heartbeat of connection {} is refused: no room for the subscriptions of {}",
                 client.connection->id(), group_name);
    return false;
  }
  MergeOutcome merged;
  bool joined = false;
  bool has_others = false;
  {
    Shard& shard = shardOf(group_name);
    MutexLock lock(shard.mutex);
    ConsumerGroup& group = shard.groups[group_name];
    const MemberUpdate update =
        updateMember(group_name, group, client, subscription, std::move(*versions));
    joined = update.is_new;
    merged = updateGroup(group, key, update, subscription, *subscriptions);
    has_others = !group.hasOneConnection();
  }
  if (options_.on_other_expression) {
    for (const std::string& topic : merged.other_expressions) {
      options_.on_other_expression(topic, group_name);
    }
  }
  if (joined) {
    countMembership(client.connection->id());
  }
  if ((merged.topics_changed || joined) && mayNotify(group_name)) {
    tellChanged(group_name, {&client.connection, 1});
    if (has_others) {
      notices_.add(group_name);
    }
  }
  return true;
}

MergeOutcome ClientRegistry::updateGroup(ConsumerGroup& group, const MemberKey& key,
                                         const MemberUpdate& member, const GroupSubscription& sent,
                                         const std::vector<ActiveSubscriptionPtr>& subscriptions) {
  MergeOutcome outcome;
  if (!sent.keeps_subscriptions) {
    outcome = mergeSubscriptions(
        subscriptions, clock_.nowMs(),
        [&](const auto& one, const auto& known) { return takesOver(group, key, one, known); },
        group.subscriptions);
  }
  const bool is_changed = outcome.is_changed || group.traits != sent.traits ||
                          (member.has_other_versions && hasOrphans(group));
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

bool ClientRegistry::takeRecipients(GroupNotices::Turn& turn, size_t most, Recipients& recipients) {
  const auto now = clock_.monotonic();
  Shard& shard = shardOf(turn.group);
  MutexLock lock(shard.mutex);
  const auto found = shard.groups.find(turn.group);
  if (found == shard.groups.end()) {
    notices_.begin(turn.group);
    turn.next_connection = 0;
    return true;
  }
  ConsumerGroup& group = found->second;
  if (!turn.isBegun()) {
    if (group.told_at && now - *group.told_at < kGroupTellPeriod) {
      return false;
    }
    notices_.begin(turn.group);
    group.told_at = now;
  }
  auto member = group.members.lower_bound(MemberKey{turn.next_connection, {}});
  for (; member != group.members.end() && recipients.size() < most;
       member = group.members.lower_bound(MemberKey{turn.next_connection, {}})) {
    recipients.push_back(member->second.client.connection);
    turn.next_connection = member->first.connection_id + 1;
  }
  if (member == group.members.end()) {
    turn.next_connection = 0;
  }
  return true;
}

void ClientRegistry::tellChanges() {
  MutexLock lock(tell_mutex_);
  const auto now = clock_.monotonic();
  if (told_last_ && now - *told_last_ < kTellPeriod / 2) {
    return;  // Calls that had to wait for their thread come together.
  }
  told_last_ = now;
  size_t left = kToldAtOnce;
  std::deque<GroupNotices::Turn> later;
  for (GroupNotices::Turn& turn : notices_.take()) {
    Recipients recipients;
    if (left == 0 || !takeRecipients(turn, left, recipients)) {
      later.push_back(std::move(turn));
      continue;
    }
    left -= recipients.size();
    tellChanged(turn.group, recipients);
    if (turn.isBegun()) {
      later.push_back(std::move(turn));
    }
  }
  notices_.giveBack(std::move(later));
}

template <class Erase>
void ClientRegistry::removeMembers(const std::string& group_name, Erase erase) {
  size_t staying = 0;
  {
    Shard& shard = shardOf(group_name);
    MutexLock lock(shard.mutex);
    const auto group = shard.groups.find(group_name);
    if (group == shard.groups.end() || erase(group->second.members) == 0) {
      return;
    }
    group->second.ids_body = nullptr;
    staying = group->second.members.size();
    if (staying > 0 && hasOrphans(group->second)) {
      changes_.fetch_add(1, std::memory_order_release);
    }
    if (staying == 0) {
      // RocketMQ parity: the subscriptions go with the last member.
      markDead(group->second.subscriptions, clock_.nowMs());
      shard.groups.erase(group);
    }
  }
  logConsumerLeft(group_name, staying);
  if (staying > 0 && mayNotify(group_name)) {
    notices_.add(group_name);
  }
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
      logProducerLeft(member->second.client_id, group->first);
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
  const MemberKey key{connection_id, std::string(client_id)};
  removeMembers(std::string(group), [&](Members& members) { return members.erase(key); });
}

void ClientRegistry::removeProducer(const std::string& group, uint64_t connection_id) {
  const auto members = producers_.find(group);
  if (members == producers_.end()) {
    return;
  }
  auto member = members->second.lower_bound(MemberKey{connection_id, {}});
  while (member != members->second.end() && member->first.connection_id == connection_id) {
    logProducerLeft(member->first.client_id, group);
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
    removeMembers(group, [connection_id](Members& members) {
      const size_t before = members.size();
      members.erase(members.lower_bound(MemberKey{connection_id, {}}),
                    members.lower_bound(MemberKey{connection_id + 1, {}}));
      return before - members.size();
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
    removeMembers(group, [&](Members& members) {
      return std::erase_if(members, [&](const auto& member) { return gone(member.second.client); });
    });
  }
  removeProducers(gone);
  for (const remoting::ConnectionPtr& connection : silent) {
    connection->close("no heartbeat for too long");
  }
}

}  // namespace rocketmq::broker

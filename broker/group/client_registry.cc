#include "broker/group/client_registry.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "common/log.h"
#include "common/log_limiter.h"

namespace rocketmq::broker {

namespace {

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
  limiter.info("{} {} of group {} joined from {}", what, client.client_id, group,
               client.connection->remote().toString());
}

void logConsumerLeft(std::string_view group, size_t staying) {
  static LogLimiter limiter(kMemberLinesPerSecond);
  limiter.info("a consumer of group {} left, {} stay", group, staying);
}

}  // namespace

ClientRegistry::ClientRegistry(Options options, ConsumerFilters& filters, const Clock& clock)
    : options_(std::move(options)),
      filters_(filters),
      clock_(clock),
      connections_(options_.bytes) {}

bool ClientRegistry::registerProducer(const std::string& group, const ClientInfo& client) {
  if (connections_.note(client, group, ConnectionLedger::MemberKind::kProducer) == nullptr) {
    return false;
  }
  if (producers_.add(group, heardNow(client))) {
    connections_.countMembership(client.connection->id());
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
  const Account account =
      connections_.note(client, group_name, ConnectionLedger::MemberKind::kConsumer);
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
    connections_.countMembership(client.connection->id());
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
  connections_.remember(connection_id, print, std::move(heard));
}

bool ClientRegistry::refresh(uint64_t connection_id, const HeartbeatPrint& print) {
  return connections_.refresh(connection_id, print, clock_.nowMs());
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

void ClientRegistry::unregisterProducer(std::string_view group, std::string_view client_id,
                                        uint64_t connection_id) {
  connections_.forget(connection_id);
  producers_.remove(group, MemberKey{connection_id, std::string(client_id)});
}

void ClientRegistry::unregisterConsumer(std::string_view group, std::string_view client_id,
                                        uint64_t connection_id) {
  connections_.forget(connection_id);
  const MemberKey key{connection_id, std::string(client_id)};
  removeMembers(std::string(group), [&](Members& members) { return members.erase(key); });
}

void ClientRegistry::removeConnection(uint64_t connection_id) {
  const ConnectionLedger::Groups groups = connections_.take(connection_id);
  for (const auto& [group, clients] : groups.consumers) {
    removeMembers(group, [connection_id](Members& members) {
      const size_t before = members.size();
      members.erase(members.lower_bound(MemberKey{connection_id, {}}),
                    members.lower_bound(MemberKey{connection_id + 1, {}}));
      return before - members.size();
    });
  }
  for (const auto& [group, clients] : groups.producers) {
    producers_.removeConnection(group, connection_id);
  }
}

std::vector<remoting::ConnectionPtr> ClientRegistry::connectionsSilentSince(
    TimestampMs oldest) const {
  std::vector<remoting::ConnectionPtr> silent = producers_.silentSince(oldest);
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
  return silent;
}

void ClientRegistry::removeExpired() {
  const TimestampMs oldest = clock_.nowMs() - options_.expiry.count();
  const std::vector<remoting::ConnectionPtr> silent = connectionsSilentSince(oldest);
  if (silent.empty()) {
    return;
  }
  for (const std::string& group : consumerGroups()) {
    removeMembers(group, [oldest](Members& members) {
      return std::erase_if(members, [oldest](const auto& member) {
        return member.second.client.updatedMs() < oldest;
      });
    });
  }
  producers_.removeSilentSince(oldest);
  for (const remoting::ConnectionPtr& connection : silent) {
    connection->close("no heartbeat for too long");
  }
}

}  // namespace rocketmq::broker

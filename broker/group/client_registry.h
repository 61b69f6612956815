#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/filter/consumer_filters.h"
#include "broker/group/active_subscription.h"
#include "broker/group/byte_budget.h"
#include "broker/group/connection_ledger.h"
#include "broker/group/group_member.h"
#include "broker/group/group_notices.h"
#include "broker/group/producer_table.h"
#include "broker/group/sent_versions.h"
#include "broker/string_map.h"
#include "common/clock.h"
#include "common/model/consumer_types.h"
#include "common/model/subscription_data.h"
#include "common/mutex.h"
#include "remoting/connection.h"
#include "remoting/protocol/codes.h"

namespace rocketmq::broker {

/// How a consumer group consumes, as its last heartbeat had it.
struct GroupTraits {
  model::ConsumeType consume_type = model::ConsumeType::kPassively;
  model::MessageModel message_model = model::MessageModel::kClustering;
  model::ConsumeFromWhere consume_from = model::ConsumeFromWhere::kLastOffset;

  friend bool operator==(const GroupTraits&, const GroupTraits&) = default;
};

/// What a consumer says about its group in a heartbeat.
struct GroupSubscription {
  GroupTraits traits;
  std::vector<model::SubscriptionData> subscriptions;
  /// The client left out subscriptions that it has sent before (RocketMQ 5): keep them.
  bool keeps_subscriptions = false;
};

/// A group's members and what they subscribe to, at one moment.
struct ConsumerGroupView {
  GroupTraits traits;
  std::map<std::string, model::SubscriptionData> subscriptions;
  std::vector<ClientInfo> members;
};

/// Which clients are there, in which groups, over which connection (RocketMQ: ProducerManager and
/// ConsumerManager).
///
/// A client belongs to a group from its first heartbeat until it unregisters, its connection
/// closes, or 120 s have passed without a heartbeat. Changes of a consumer group's members or
/// topics are told to all members with NOTIFY_CONSUMER_IDS_CHANGED, once to each connection: to the
/// one whose heartbeat has caused it before the call returns, so that its answer comes after it, as
/// clients expect, and to all by tellChanges(). A group is told at most every 100 ms, whatever has
/// happened in between: in a large one each word of one member costs the broker one to all others.
///
/// Bound: a connection makes at most 10,000 memberships, and what its memberships and subscriptions
/// take is bounded for each and for all (ByteBudget); what is above is not registered, with a line
/// in the log. It may connect again.
/// Threads: any; consumer groups are sharded by name, producers have one mutex. Connections are
/// only sent to, never waited for.
class ClientRegistry {
 public:
  struct Options {
    /// Asked before members of a group are notified; null: always.
    std::function<bool(std::string_view group)> may_notify = {};
    /// Told when a group wants other messages of a topic than before: pulls that wait with the old
    /// expression would pass over what comes meanwhile. Under no lock; null: nobody.
    std::function<void(std::string_view topic, std::string_view group)> on_other_expression = {};
    std::chrono::milliseconds expiry{120'000};
    ByteBudget::Options bytes = {};
  };

  /// `filters`: where the groups' expressions are kept; a group's are alive there while it has
  /// members that subscribe by them.
  ClientRegistry(Options options, ConsumerFilters& filters, const Clock& clock);

  /// Both refresh the membership, too. Without `client.heard` it gets one of its own. False when a
  /// bound is reached; nothing has changed then.
  bool registerProducer(const std::string& group, const ClientInfo& client);
  bool registerConsumer(const std::string& group, const ClientInfo& client,
                        const GroupSubscription& subscription);
  void unregisterProducer(std::string_view group, std::string_view client_id,
                          uint64_t connection_id);
  void unregisterConsumer(std::string_view group, std::string_view client_id,
                          uint64_t connection_id);

  /// A heartbeat has been registered, all of it, with `heard` in its memberships, and takes the
  /// place of the connection's last one. `heard` null: none is remembered any more.
  void remember(uint64_t connection_id, const HeartbeatPrint& print,
                std::shared_ptr<LastHeard> heard);
  /// True when the connection's last heartbeat had this print and its memberships are as it left
  /// them: they are refreshed then, and nothing else needs to be done.
  bool refresh(uint64_t connection_id, const HeartbeatPrint& print);
  /// Grows when a member of a group has changed what its other members may have to put right by
  /// their next heartbeat, as all of a group share one table of subscriptions.
  uint64_t changes() const { return changes_.load(std::memory_order_acquire); }

  /// Takes a closed connection out of every group. A heartbeat that was handled on another thread
  /// may come after it: whoever registers looks at the connection again and repeats the removal.
  void removeConnection(uint64_t connection_id);
  /// Removes clients whose last heartbeat is too old and closes their connections.
  void removeExpired();

  /// Tells members of changed groups that are due, at most kToldAtOnce connections, so that those
  /// who send have their turns in between. Does nothing before kTellPeriod has passed since the
  /// last time. From any thread, best not from one that serves connections.
  void tellChanges();
  bool hasChangesToTell() const { return !notices_.empty(); }
  static constexpr std::chrono::milliseconds kTellPeriod{50};
  static constexpr size_t kToldAtOnce = 512;

  /// What is counted of all memberships and subscriptions.
  size_t bytes() const { return connections_.bytes(); }

  /// Ids of a group's members, each once; empty when nobody is there.
  std::vector<std::string> consumerIds(std::string_view group) const;
  /// The same as the body of an answer, written once for all who ask; null when nobody is there.
  std::shared_ptr<const std::string> consumerIdsBody(std::string_view group);
  /// nullopt when the group has no member.
  std::optional<ConsumerGroupView> consumerGroup(std::string_view group) const;
  std::set<std::string> consumerGroups() const;
  /// Groups that subscribe to a topic now.
  std::set<std::string> groupsSubscribedTo(std::string_view topic) const;
  /// The member with that id.
  std::optional<ClientInfo> findConsumer(std::string_view group, std::string_view client_id) const;

  /// What pulls without a subscription of their own are checked against.
  enum class SubscriptionState : uint8_t { kFound, kNoGroup, kNoTopic };
  struct FoundSubscription {
    SubscriptionState state = SubscriptionState::kNoGroup;
    model::MessageModel message_model = model::MessageModel::kClustering;
    ActiveSubscriptionPtr subscription;
  };
  FoundSubscription findSubscription(std::string_view group, std::string_view topic) const;

  const ProducerTable& producers() const { return producers_; }

 private:
  struct Member {
    ClientInfo client;
    SentVersions::OfMember versions;
    /// Hash of the topics and expressions as this member sent them, to tell members that differ.
    uint64_t subscribed = 0;
  };
  using Members = std::map<MemberKey, Member>;
  struct ConsumerGroup {
    GroupTraits traits;
    ActiveSubscriptions subscriptions;
    SentVersions versions;
    Members members;
    std::shared_ptr<const std::string> ids_body;  ///< Null: to be written.
    std::optional<std::chrono::steady_clock::time_point> told_at;

    bool hasOneConnection() const {
      return members.begin()->first.connection_id == members.rbegin()->first.connection_id;
    }
  };
  struct Shard {
    mutable Mutex mutex;
    StringMap<ConsumerGroup> groups ROCKETMQ_GUARDED_BY(mutex);
  };
  /// Members to be told of a change, each connection once, collected under the lock and told after
  /// it.
  using Recipients = std::vector<remoting::ConnectionPtr>;
  static constexpr size_t kShards = 16;

  Shard& shardOf(std::string_view group) { return shards_[StringHash{}(group) % kShards]; }
  const Shard& shardOf(std::string_view group) const {
    return shards_[StringHash{}(group) % kShards];
  }

  struct MemberUpdate {
    bool is_new = false;
    bool has_other_versions = false;
  };
  /// Adds or refreshes a member.
  MemberUpdate updateMember(const std::string& group_name, ConsumerGroup& group,
                            const ClientInfo& client, const GroupSubscription& subscription,
                            ByteCharge versions) const;
  using Account = ConnectionLedger::Account;
  /// For what SentVersions keeps of it; of nothing when it does not change. nullopt: no room.
  std::optional<ByteCharge> chargeVersions(const std::string& group, const MemberKey& key,
                                           const GroupSubscription& sent,
                                           const Account& account) const;
  /// What a heartbeat subscribes to, compiled, which takes a while: under no lock. nullopt when
  /// there is no room for it in `account`.
  std::optional<std::vector<ActiveSubscriptionPtr>> activateAll(const std::string& group,
                                                                const MemberKey& key,
                                                                const GroupSubscription& sent,
                                                                const Account& account) const;
  /// What a member sends of a topic, when the group has that subscription already.
  struct Known {
    ActiveSubscriptionPtr subscription;  ///< Null: none of that topic.
    bool stays = false;
  };
  Known findKnown(const std::string& group, const MemberKey& key,
                  const model::SubscriptionData& sent) const;
  /// RocketMQ parity: a larger version does. Versions are the times of different hosts, however:
  /// when all whose version is larger have gone, the largest of those that are there does, or it
  /// would never be heard.
  static bool takesOver(const ConsumerGroup& group, const MemberKey& key,
                        const model::SubscriptionData& sent, const model::SubscriptionData& known);
  /// Whether nobody is left who has sent what the group subscribes to.
  static bool hasOrphans(const ConsumerGroup& group);
  static void warnOfDifference(const std::string& group_name, const ConsumerGroup& group,
                               const Member& member);
  /// Merges the subscriptions into the group.
  MergeOutcome updateGroup(ConsumerGroup& group, const MemberKey& key, const MemberUpdate& member,
                           const GroupSubscription& sent,
                           const std::vector<ActiveSubscriptionPtr>& subscriptions);
  ClientInfo heardNow(const ClientInfo& client) const;
  bool mayNotify(const std::string& group) const {
    return !options_.may_notify || options_.may_notify(group);
  }
  static std::vector<std::string> idsOf(const ConsumerGroup& group);
  /// The next of a group to be told, at most `most`, and moves its turn on behind them. False when
  /// the group is not due yet.
  bool takeRecipients(GroupNotices::Turn& turn, size_t most, Recipients& recipients);
  /// Removes members by `erase`, which gets all and gives how many it has erased, and notifies
  /// those left.
  template <class Erase>
  void removeMembers(const std::string& group_name, Erase erase);
  std::vector<remoting::ConnectionPtr> connectionsSilentSince(TimestampMs oldest) const;

  const Options options_;
  ConsumerFilters& filters_;
  const Clock& clock_;
  ConnectionLedger connections_;
  ProducerTable producers_;
  std::atomic<uint64_t> changes_{0};
  std::array<Shard, kShards> shards_;
  GroupNotices notices_;
  Mutex tell_mutex_;  ///< Held while members are told.
  std::optional<std::chrono::steady_clock::time_point> told_last_ ROCKETMQ_GUARDED_BY(tell_mutex_);
};

}  // namespace rocketmq::broker

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "common/model/data_version.h"
#include "namesrv/route_snapshot.h"

namespace rocketmq::namesrv {

/// Monotonic: brokers must not expire because somebody set the machine's clock.
using RouteTime = std::chrono::steady_clock::time_point;

/// Who a broker is.
struct BrokerIdentity {
  std::string cluster;
  std::string name;
  std::string address;
  int64_t id = 0;  ///< 0 is the master of its name.
};

/// A broker's registration without its topics.
struct Registration {
  BrokerIdentity broker;
  std::string ha_server_address;
  std::string zone;
  /// Absent from brokers before 5.0.
  std::optional<bool> enable_acting_master;
  /// Without a word from the broker for so long, it is taken for dead.
  std::chrono::milliseconds live_timeout{120'000};
  /// The connection that the registration came over; when it closes the broker has gone.
  uint64_t connection_id = 0;
  model::DataVersion data_version;
};

/// One topic of a registration. The name may point into the request.
struct TopicQueues {
  std::string_view topic;
  QueueLayout queues;
};

struct RegisterResult {
  enum class Outcome : uint8_t {
    kAccepted,
    /// Nothing was done: this registration changes topics and has to be repeated with them.
    kNeedsTopics,
    /// Another broker with this id has a newer state; it stays (RocketMQ answers success).
    kOutdated,
    /// A single topic of a broker that is not known yet (5.x brokers register all first).
    kUnknownBroker,
    /// Nothing was done: the broker is new, and there is no room for one more.
    kTooManyBrokers,
  };
  Outcome outcome = Outcome::kAccepted;
  /// New topics of an accepted registration that the bounds left out. The broker's others, and the
  /// broker itself, are taken in; the same registration brings these when there is room.
  size_t topics_left_out = 0;
  /// For slaves that have a master; else empty.
  std::string master_address{};
  std::string master_ha_address{};
};

enum class RegisterTopicResult : uint8_t {
  kAccepted,
  kUnknownBroker,  ///< A broker that it names is not registered.
  kTooManyTopics,  ///< It is new, and there is no room for one more.
};

struct DataVersionState {
  bool changed = true;
  std::optional<model::DataVersion> known;  ///< Absent for unknown brokers.
};

/// Which brokers there are and which topics they serve (RocketMQ: RouteInfoManager).
///
/// Pure: it knows no sockets and no clock. Threads: one at a time, see Routes. Nothing of it is
/// stored; after a restart brokers fill it again by registering.
///
/// Bounds: see Options. A broker that is in the table always stays what it is by registering again,
/// and so do its topics; only what is new is refused. There are never more clusters and broker
/// names than brokers.
class RouteTable {
 public:
  struct Options {
    /// A full registration removes the broker's topics that it does not name.
    bool delete_missing_topics = false;
    /// Brokers, masters and slaves, by their addresses.
    size_t brokers_max = 10'000;
    /// Topics of one broker name.
    size_t topics_per_broker_max = 100'000;
    /// Topics of all broker names; one that is on three brokers counts three times.
    size_t topics_max = 2'000'000;
    /// What routes that somebody has asked for keep as text.
    size_t text_bytes_max = 256u << 20;
  };

  explicit RouteTable(Options options);

  /// Takes a broker in, or notes that it is still there. Brokers repeat this every 30 s with all
  /// their topics; `topics` is null while the caller has not decoded them, which saves the work
  /// whenever nothing has changed.
  RegisterResult registerBroker(const Registration& registration,
                                const std::vector<TopicQueues>* topics, RouteTime now);

  /// Sets how many queues of a topic some broker names have. Nothing is done for names behind the
  /// first that is refused.
  RegisterTopicResult registerTopic(std::string_view topic,
                                    const std::vector<model::QueueData>& queues);

  /// Removes a broker by its address. False when it was not known.
  bool unregisterBroker(const BrokerIdentity& broker);

  struct Removal {
    std::vector<std::string> gone;  ///< Addresses of brokers.
    bool is_done = true;            ///< False: there is more to remove, call again.
  };
  /// Brokers that go take many topics along: about so many are removed at a time, some tens of
  /// milliseconds, and what others change may come in between. A broker of which only a part has
  /// been removed gets that back by registering again.
  static constexpr size_t kTopicsPerRemoval = 5'000;

  /// Removes brokers that were silent for longer than their timeout.
  Removal expire(RouteTime now);

  /// Removes the brokers whose last registration came over one of these connections.
  Removal connectionsClosed(const std::unordered_set<uint64_t>& connection_ids);

  /// Whether the broker has to register, because its data changed or topics of it are missing here.
  /// Counts as a sign of life.
  DataVersionState queryDataVersion(const BrokerIdentity& broker, const model::DataVersion& version,
                                    RouteTime now);

  /// Takes the write permission from all topics of a broker name, until it registers changed data.
  /// Gives the number of topics.
  int32_t wipeWritePerm(const std::string& broker_name);
  /// Sets read and write permission for all topics of a broker name. Gives the number of topics.
  int32_t addWritePerm(const std::string& broker_name);

  void deleteTopic(const std::string& topic);
  /// Only from the brokers of one cluster.
  void deleteTopic(const std::string& topic, const std::string& cluster);

  /// All brokers by name.
  std::map<std::string, model::BrokerData> brokers() const;
  const std::map<std::string, std::set<std::string>>& clusters() const { return clusters_; }

  /// The routes as they are now. Cheap when nothing changed since the last call.
  std::shared_ptr<const RouteSnapshot> publish();

 private:
  using Topic = std::map<std::string, QueueLayout>;  ///< By broker name.
  using Topics = std::unordered_map<std::string, Topic>;

  /// The brokers of one name.
  struct Group {
    std::string cluster;
    std::map<int64_t, std::string> addresses;
    std::string zone;
    /// Those of topics_ that have this name: a broker that comes or goes costs what it has itself,
    /// however many topics others have.
    std::unordered_set<Topics::value_type*> topics;
    /// Topics are missing here that the broker may still have: its next registration brings them
    /// back even if its data version is unchanged.
    bool has_gaps = false;
    /// What routes show; null when it must be made anew.
    std::shared_ptr<const model::BrokerData> view;
  };
  struct LiveBroker {
    std::string name;
    RouteTime last_update;
    std::chrono::milliseconds timeout;
    model::DataVersion data_version;
    uint64_t connection_id;
    std::string ha_server_address;
  };

  /// What a registration means for the topics that come with it.
  struct TopicUse {
    bool take = false;          ///< Every topic.
    bool take_missing = false;  ///< Only those that this name does not have.
    bool strip_write = false;   ///< The broker only stands in for its master.
  };

  const LiveBroker* findLive(const std::string& address) const;
  bool isOutdated(const Registration& registration) const;
  bool hasRoomFor(const BrokerIdentity& broker) const;
  bool knowsId(const BrokerIdentity& broker) const;
  TopicUse topicUseOf(const Registration& registration) const;
  void leaveOtherName(const BrokerIdentity& broker);
  void joinGroup(const Registration& registration);
  /// Gives how many were left out because of the bounds.
  size_t takeTopics(const std::string& broker_name, const std::vector<TopicQueues>& topics,
                    TopicUse use);
  bool takeTopic(const std::string& broker_name, Group& group, const TopicQueues& entry,
                 TopicUse use);
  void removeTopicsNotIn(const std::string& broker_name, const std::vector<TopicQueues>& topics);
  void noteAlive(const Registration& registration, RouteTime now);
  void addMasterTo(RegisterResult& result, const std::string& broker_name) const;

  /// Removes a broker from everything.
  void forget(const std::string& address);
  void removeAddress(const std::string& broker_name, const std::string& address);
  void leaveCluster(const std::string& cluster, const std::string& broker_name);
  template <class Predicate>
  void removeFromTopics(const std::string& broker_name, Group& group, Predicate predicate);
  /// Removes about `topics_max` topics of a broker name, of which they are taken, if they go with
  /// the address. True when all have gone, or others of the name keep them.
  bool thinOut(const std::string& broker_name, const std::string& address, size_t& topics_max);
  template <class Predicate>
  Removal removeLive(Predicate predicate);
  /// A topic of the group is deleted on request.
  void noteDeleted(Group& group, Topics::value_type& topic);
  int32_t changePerms(const std::string& broker_name, int32_t keep_bits, int32_t set_bits);

  /// The group changed: its view and every route that shows it are stale.
  void touchGroup(Group& group);
  static model::BrokerData viewOf(const std::string& broker_name, const Group& group);
  std::shared_ptr<const model::BrokerData> sharedView(const std::string& broker_name);

  const Options options_;
  const std::shared_ptr<TextBudget> texts_;
  Topics topics_;           ///< Names only brokers that are in groups_.
  size_t topic_count_ = 0;  ///< Of all groups together.
  std::map<std::string, Group> groups_;
  std::map<std::string, std::set<std::string>> clusters_;  ///< Cluster -> broker names.
  /// By address: one address is one process, whatever names it registered before. These are the
  /// addresses of the groups, no more and no fewer, so that each expires and counts.
  std::map<std::string, LiveBroker> live_;

  std::unordered_set<std::string> dirty_topics_;  ///< Changed since the last publish().
  std::shared_ptr<const RouteSnapshot> snapshot_;
};

}  // namespace rocketmq::namesrv

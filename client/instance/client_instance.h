#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "client/instance/client_error.h"
#include "client/instance/event_loop.h"
#include "client/instance/group_member.h"
#include "client/instance/guard.h"
#include "client/instance/name_servers.h"
#include "client/instance/route_table.h"
#include "client/instance/timers.h"
#include "client/instance/transaction_check.h"
#include "client/producer/pending_requests.h"
#include "common/mutex.h"
#include "common/outage_log.h"
#include "remoting/client.h"
#include "remoting/protocol/commands/client_membership.h"
#include "remoting/protocol/commands/namesrv_route.h"
#include "remoting/router.h"
#include "rocketmq/client_config.h"

namespace rocketmq::client {

/// What the producers and consumers of one client id share (RocketMQ: MQClientInstance): the
/// connections, the routes, the heartbeats, and the answers to what servers ask.
///
/// Life:    acquire() -> release(), counted; the last release() stops it. It outlives whoever has
///          acquired it, so that these use it by reference.
/// Threads: any, if nothing else is said. Callbacks run on the event loop.
class ClientInstance {
 public:
  /// The instance for this configuration and client id, made if need be. The error says what is
  /// wrong with the name-server addresses. Throws std::system_error when the system has no thread
  /// or no descriptor left.
  static Outcome<std::shared_ptr<ClientInstance>> acquire(const ClientConfig& config,
                                                          const std::string& client_id);
  /// From the event loop, which the end of an instance waits for, another thread does it soon.
  static void release(std::shared_ptr<ClientInstance> instance);

  ~ClientInstance();
  ClientInstance(const ClientInstance&) = delete;
  ClientInstance& operator=(const ClientInstance&) = delete;

  const std::string& clientId() const { return client_id_; }
  remoting::Client& remoting() { return *remoting_; }
  remoting::IoPool& pool() { return loop_->pool(); }
  /// Stopped with the instance; users guard their tasks.
  Timers& timers() { return *timers_; }
  const RouteTable& routes() const { return routes_; }
  void noteSilent(const BrokerAddress& broker) { routes_.noteSilent(broker); }
  /// What producers of this instance wait for; filled by the brokers' replies.
  PendingRequests& requests() { return requests_; }
  std::string nameServers() const { return name_servers_->toString(); }
  const ClientConfig& config() const { return config_; }

  // --- Routes.

  using RouteCallback = std::function<void(Outcome<TopicRoutePtr>)>;

  /// Asks a name server for a topic's route, stores it and keeps it fresh from then on. Calls for
  /// one topic at the same time ask once. A topic that does not exist is NotFound
  /// (ClientErrorCode::kNotFoundTopic).
  void fetchRoute(const std::string& topic, remoting::Deadline deadline, RouteCallback callback);

  /// How a producer may make a topic come into being (RocketMQ: createTopicKey).
  struct TopicTemplate {
    std::string topic;
    int32_t queue_nums = 4;
  };

  /// The known route, if it can be written to; else nullptr.
  TopicRoutePtr knownPublishRoute(const std::string& topic) const;

  /// The known route if it can be written to, at once and on the calling thread; else fetchRoute(),
  /// and when the topic does not exist the route of the template topic.
  void findPublishRoute(const std::string& topic, const TopicTemplate& topic_template,
                        remoting::Deadline deadline, RouteCallback callback);

  /// The same, waiting. Not from the event loop.
  Outcome<TopicRoutePtr> fetchRouteSync(const std::string& topic, remoting::Deadline deadline);
  Outcome<TopicRoutePtr> findPublishRouteSync(const std::string& topic,
                                              const TopicTemplate& topic_template,
                                              remoting::Deadline deadline);

  // --- Groups.

  /// An error when this instance has a producer of the group already. `on_check` gets brokers'
  /// questions about the group's transactions, on the event loop, also for a moment after
  /// removeProducer(); null for producers without transactions.
  std::optional<ClientError> addProducer(const std::string& group,
                                         TransactionCheckHandler on_check);
  /// The same.
  std::optional<ClientError> addConsumer(const std::string& group, GroupMember& member);

  /// Takes a group off all brokers (35), waiting at most until `deadline`.
  void removeProducer(const std::string& group, remoting::Deadline deadline);
  void removeConsumer(const std::string& group, remoting::Deadline deadline);

  /// Heartbeats to all brokers, soon.
  void heartbeatSoon();
  /// Heartbeats to all brokers now, and calls `on_all_done` when each has answered or api_timeout
  /// is over; at once when nobody is to be told.
  void heartbeat(std::function<void()> on_all_done);

  /// For who waits for replies, which a broker brings to clients that it knows: heartbeats to the
  /// masters of these topics' routes that have not heard of this client on the connection of now,
  /// and waits for them, at most until `deadline`; not for those that did not answer the last time.
  /// From then on a lost broker hears of this client as soon as it can be reached.
  void greetMastersOf(const std::set<std::string>& topics, remoting::Deadline deadline);

  /// The error for a failed call to a broker. It says where the address came from and, when the
  /// broker cannot be reached, which setting of the broker to look at.
  ClientError describe(const Status& status, const std::string& address) const;

 private:
  ClientInstance(ClientConfig config, std::string client_id,
                 std::shared_ptr<NameServers> name_servers);
  void start(const std::string& endpoint_url, remoting::Client::Options options);
  void stop();
  /// Answers what brokers ask of clients; server_requests.cc.
  void registerServerRequests();

  void takeAddresses(const std::string& text);

  struct RouteWaiter {
    /// Empty once it is called: what it holds ends then, not with a timer. Guarded by mutex_.
    RouteCallback callback;
  };
  using RouteResult = remoting::CallResult<remoting::GetRouteInfoByTopic>;

  void askRoute(const std::string& topic);
  void takeRouteAnswer(const std::string& topic, const RouteResult& result,
                       const std::string& name_server);
  Outcome<TopicRoutePtr> routeFrom(const std::string& topic, const RouteResult& result,
                                   const std::string& name_server) const;
  void answerOnce(const std::shared_ptr<RouteWaiter>& waiter,
                  const Outcome<TopicRoutePtr>& outcome);
  void storeRoute(const TopicRoutePtr& route);
  void fetchTemplateRoute(const std::string& topic, const TopicTemplate& topic_template,
                          remoting::Deadline deadline, RouteCallback callback);
  void refreshAllRoutes();
  void refreshRoutes(const std::set<std::string>& topics);

  std::string heartbeatBody(bool& has_consumers) const;
  void heartbeatTo(const std::vector<BrokerAddress>& brokers, std::function<void()> on_all_done);
  using HeartbeatResult = remoting::CallResult<remoting::Heartbeat>;
  void heartbeatAndWait(const std::vector<BrokerAddress>& brokers, remoting::Deadline deadline);
  void takeHeartbeatAnswer(const std::string& address, const HeartbeatResult& result,
                           std::chrono::steady_clock::duration took);
  void heartbeatToAll();
  void heartbeatToNewBrokers();
  /// Notes that the connection to a broker is lost, or could not be made.
  void forgetBroker(const std::string& address);
  void seekLostBrokers();
  /// Whether brokers ask or tell this client things, so that each has to know it all the time.
  bool isAskedLocked() const ROCKETMQ_REQUIRES(mutex_);
  void unregister(const remoting::UnregisterClient& request, remoting::Deadline deadline);

  void rebalanceAllSoon();
  /// Calls `use` for a consumer that is still there; false when there is none.
  bool withConsumer(const std::string& group, const std::function<void(GroupMember&)>& use) const;
  /// Hands a question about a transaction to the group it is for.
  void takeTransactionCheck(const remoting::CheckTransactionState& request,
                            const remoting::RequestContext& context) const;
  void forEachConsumer(const std::function<void(GroupMember&)>& use) const;

  // A copy of the member's guard makes it safe to call a member that is being removed.
  struct Consumer {
    Guard guard;
    GroupMember* member = nullptr;
  };

  const ClientConfig config_;
  const std::string client_id_;
  const std::shared_ptr<EventLoop> loop_ = EventLoop::shared();
  const std::shared_ptr<NameServers> name_servers_;
  RouteTable routes_;
  PendingRequests requests_;
  Guard guard_;
  remoting::Router router_{nullptr};
  std::unique_ptr<remoting::Client> remoting_;
  std::unique_ptr<Timers> timers_;
  std::unique_ptr<NameServerPoller> poller_;

  mutable Mutex mutex_;
  std::map<std::string, std::vector<std::shared_ptr<RouteWaiter>>> waiting_for_route_
      ROCKETMQ_GUARDED_BY(mutex_);
  std::map<std::string, TransactionCheckHandler> producers_ ROCKETMQ_GUARDED_BY(mutex_);
  std::map<std::string, Consumer> consumers_ ROCKETMQ_GUARDED_BY(mutex_);
  /// Addresses of brokers that have answered a heartbeat on the connection that is open now.
  std::set<std::string> greeted_ ROCKETMQ_GUARDED_BY(mutex_);
  /// Those that let the last heartbeat wait for an answer that did not come.
  std::set<std::string> silent_ ROCKETMQ_GUARDED_BY(mutex_);
  bool awaits_replies_ ROCKETMQ_GUARDED_BY(mutex_) = false;  ///< From the first request on.
  /// What seekLostBrokers() looks for next, and whether it is due.
  std::set<std::string> lost_brokers_ ROCKETMQ_GUARDED_BY(mutex_);
  bool seeking_brokers_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool stopped_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  OutageLog outages_;  ///< Brokers that do not answer heartbeats.
};

/// "<ip>@<instance name>[@<unit>]", as brokers list a client. `keep_default_name`: the instance
/// name DEFAULT is not made unique (broadcasting consumers keep their offset file by it).
std::string makeClientId(const ClientConfig& config, bool keep_default_name);

}  // namespace rocketmq::client

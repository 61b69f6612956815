#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/acl/acl_manager.h"
#include "broker/addresses.h"
#include "broker/broker.h"
#include "broker/config_service.h"
#include "broker/filter/consumer_filters.h"
#include "broker/group/client_registry.h"
#include "broker/group/consumer_offsets.h"
#include "broker/group/heartbeat_service.h"
#include "broker/group/queue_locks.h"
#include "broker/group/subscription_groups.h"
#include "broker/ha/replication.h"
#include "broker/metrics/broker_metrics.h"
#include "broker/pull/held_pulls.h"
#include "broker/pull/pull_service.h"
#include "broker/registrar/registrar.h"
#include "broker/schedule/delay_service.h"
#include "broker/send/recall_service.h"
#include "broker/send/reply_service.h"
#include "broker/send/send_back_service.h"
#include "broker/send/send_gate.h"
#include "broker/send/send_service.h"
#include "broker/send/store_guarantee.h"
#include "broker/stats/broker_stats.h"
#include "broker/stats/runtime_info.h"
#include "broker/timer/timer_copy.h"
#include "broker/timer/timer_service.h"
#include "broker/topic/topic_table.h"
#include "broker/transaction/transactions.h"
#include "common/clock.h"
#include "metrics/server.h"
#include "remoting/client.h"
#include "remoting/io_pool.h"
#include "remoting/lanes.h"
#include "remoting/router.h"
#include "remoting/server.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// The parts in the order in which they are built. What may fail is made by one of the open...()
/// steps, the rest by the constructor.
class Broker::Impl {
 public:
  Impl(BrokerSettings settings, DelayLevels levels, const HostAddress& store_host, Notice notice);
  ~Impl() { static_cast<void>(stop()); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status start();
  Status stop();

  std::shared_ptr<const BrokerSettings> settings() const { return settings_.load(); }
  uint16_t port() const { return server_->port(); }

 private:
  std::string configPath(std::string_view name) const {
    return settings_.load()->store_root + "/config/" + std::string(name);
  }

  // broker_parts.cc
  Status openStore();  // The topics too: it asks which there are.
  Status openFilters();
  Status openTables();
  void cutOffsetsToLog();
  Status openAcl();
  void makeClients();
  Status openReplication();
  Status makeServices();
  void registerHandlers();
  void registerAdminHandlers();

  // broker.cc
  Status listen();
  Status listenForMetrics();
  void startTimers();
  void startSlaveTimers();
  void announce();
  /// What is not written at each change.
  Status saveTables();

  /// Runs `work` on the thread of the housekeeping again and again; `period` begins when it ends,
  /// so that runs that come late are not made up for.
  void every(std::chrono::milliseconds initial_delay, std::chrono::milliseconds period,
             std::function<void()> work);
  /// The same on the admin lane, where answers of a slave's master are taken over. At most one run
  /// waits for the lane.
  void everyOnAdminLane(std::chrono::milliseconds period, std::function<void()> work);
  void postAnywhere(remoting::UniqueFunction<void()> task);
  void onArrival(const store::Arrival& arrival);
  void onClosed(const remoting::ConnectionPtr& connection);
  void onSettingsChanged(const BrokerSettings& settings);
  remoting::Server::Options serverOptions(int32_t port);

  const SystemClock clock_;
  LiveSettings settings_;
  const DelayLevels levels_;
  const HostAddress store_host_;
  const Notice notice_;

  /// With metricsPort. Outlives every request.
  std::unique_ptr<remoting::RpcLatency> rpc_latency_;
  remoting::Lanes lanes_;
  remoting::IoPool pool_;
  /// What the broker does by itself from time to time; a lane may be held by a long scan.
  remoting::IoPool housekeeping_{"housekeeping", 1};
  std::atomic<size_t> next_io_thread_{0};
  HeldPulls held_pulls_;
  /// Set once delays_ exists: the store reports arrivals from its first moment on.
  std::atomic<DelayService*> delays_for_arrivals_{nullptr};
  std::atomic<TimerService*> timers_for_arrivals_{nullptr};
  std::atomic<Replication*> replication_for_arrivals_{nullptr};  ///< Of a slave.
  std::once_flag no_master_told_;
  std::unique_ptr<ConsumerFilters> filters_;  // The store uses them for its bit maps.
  std::unique_ptr<store::MessageStore> store_;

  std::unique_ptr<TopicTable> topics_;
  std::unique_ptr<SubscriptionGroups> groups_;
  std::unique_ptr<ConsumerOffsets> offsets_;
  std::unique_ptr<DelayService> delays_;
  std::unique_ptr<TimerService> message_timers_;  // Of a master with timerWheelEnable.
  std::unique_ptr<TimerCopy> timer_copy_;         // Of a slave with timerWheelEnable.
  std::optional<QueueLocks> locks_;
  SendGate send_gate_;
  BrokerStats stats_;

  std::optional<ClientRegistry> clients_;
  std::optional<HeartbeatService> heartbeats_;
  std::unique_ptr<Replication> replication_;
  std::optional<StoreGuarantee> guarantee_;
  std::unique_ptr<Transactions> transactions_;  // Of a master.
  std::optional<SendService> sends_;
  std::optional<RecallService> recalls_;
  std::optional<SendBackService> send_backs_;
  std::optional<ReplyService> replies_;
  std::optional<PullService> pulls_;
  std::optional<RuntimeInfo> runtime_info_;
  std::optional<ConfigService> config_;
  std::atomic<int32_t> announced_permission_{0};

  std::unique_ptr<AclManager> acl_;  // With aclEnable.
  std::shared_ptr<const remoting::RequestSigner> signer_;
  remoting::Router router_;
  remoting::DaemonTls tls_;
  std::optional<remoting::Client> outgoing_;
  std::optional<Registrar> registrar_;
  std::shared_ptr<remoting::ConnectionQuota> connection_quota_;  ///< Of both servers.
  std::unique_ptr<remoting::Server> server_;
  std::unique_ptr<remoting::Server> vip_server_;
  std::optional<BrokerMetrics> metrics_;
  std::unique_ptr<metrics::Server> metrics_server_;
  std::vector<std::unique_ptr<remoting::PeriodicTask>> timers_;
  std::atomic<bool> stopping_{false};
  bool stopped_ = false;
};

}  // namespace rocketmq::broker

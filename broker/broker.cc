#include "broker/broker.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "broker/addresses.h"
#include "broker/config_service.h"
#include "broker/group/client_registry.h"
#include "broker/group/consumer_offsets.h"
#include "broker/group/heartbeat_service.h"
#include "broker/group/queue_locks.h"
#include "broker/group/subscription_groups.h"
#include "broker/ha/replication.h"
#include "broker/handlers/admin_broker_handlers.h"
#include "broker/handlers/admin_group_handlers.h"
#include "broker/handlers/admin_offset_handlers.h"
#include "broker/handlers/admin_topic_handlers.h"
#include "broker/handlers/client_handlers.h"
#include "broker/handlers/lock_handlers.h"
#include "broker/handlers/offset_handlers.h"
#include "broker/handlers/pull_handlers.h"
#include "broker/handlers/query_handlers.h"
#include "broker/handlers/relay_handlers.h"
#include "broker/handlers/reply_handlers.h"
#include "broker/handlers/send_handlers.h"
#include "broker/handlers/transaction_handlers.h"
#include "broker/metrics/broker_metrics.h"
#include "broker/pull/held_pulls.h"
#include "broker/pull/pull_service.h"
#include "broker/reachability.h"
#include "broker/registrar/registrar.h"
#include "broker/schedule/delay_service.h"
#include "broker/send/reply_service.h"
#include "broker/send/send_back_service.h"
#include "broker/send/send_service.h"
#include "broker/send/store_guarantee.h"
#include "broker/stats/broker_stats.h"
#include "broker/stats/runtime_info.h"
#include "broker/timer/timer_service.h"
#include "broker/topic/topic_table.h"
#include "broker/transaction/transactions.h"
#include "common/clock.h"
#include "common/log.h"
#include "metrics/server.h"
#include "remoting/client.h"
#include "remoting/io_pool.h"
#include "remoting/lanes.h"
#include "remoting/router.h"
#include "remoting/server.h"
#include "store/message_store.h"

namespace rocketmq::broker {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr milliseconds kServerStopTimeout{1000};
constexpr milliseconds kRegistrarTimeout{500};
constexpr milliseconds kFirstRegistrationTimeout{1000};
constexpr milliseconds kReachabilityTimeout{3000};
/// RocketMQ writes its tables for the first time so long after the start.
constexpr seconds kFirstPersist{10};
constexpr seconds kClientScanPeriod{10};
constexpr seconds kLockScanPeriod{60};
constexpr seconds kStatsPeriod{1};
/// How often a slave copies its master's tables.
constexpr seconds kSlaveSyncPeriod{10};
/// How often a slave that has not found its master asks the name servers again.
constexpr seconds kMasterSearchPeriod{5};
/// The port of RocketMQ's "VIP channel" lies so far below the main port.
constexpr int32_t kVipPortDistance = 2;

size_t ioThreadsOf(const BrokerSettings& settings) {
  if (settings.io_threads > 0) {
    return static_cast<size_t>(settings.io_threads);
  }
  return std::clamp<size_t>(std::thread::hardware_concurrency(), 1, 4);
}

}  // namespace

/// The parts in the order in which they are built. What may fail is made by one of the open...()
/// steps, the rest by the constructor.
class Broker::Impl {
 public:
  Impl(BrokerSettings settings, DelayLevels levels, const HostAddress& store_host, Notice notice)
      : settings_(std::make_shared<const BrokerSettings>(std::move(settings))),
        levels_(std::move(levels)),
        store_host_(store_host),
        notice_(std::move(notice)),
        lanes_(remoting::Lanes::Options{}),
        pool_("broker-io", ioThreadsOf(*settings_.load())),
        held_pulls_(
            {.held_max = static_cast<size_t>(settings_.load()->held_pulls_max)},
            [this](remoting::UniqueFunction<void()> task) { postAnywhere(std::move(task)); }),
        stats_(settings_.load()->cluster_name, clock_.nowMs()),
        router_(&lanes_) {}

  ~Impl() { static_cast<void>(stop()); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status start() {
    ROCKETMQ_RETURN_IF_ERROR(openStore());
    ROCKETMQ_RETURN_IF_ERROR(openTables());
    ROCKETMQ_ASSIGN_OR_RETURN(tls_, remoting::DaemonTls::open(settings_.load()->tls));
    makeClients();
    ROCKETMQ_RETURN_IF_ERROR(openReplication());
    makeServices();
    registerHandlers();
    ROCKETMQ_RETURN_IF_ERROR(listen());
    ROCKETMQ_RETURN_IF_ERROR(listenForMetrics());
    startTimers();
    announce();
    return Status::ok();
  }

  Status stop();

  std::shared_ptr<const BrokerSettings> settings() const { return settings_.load(); }
  uint16_t port() const { return server_->port(); }

 private:
  std::string configPath(std::string_view name) const {
    return settings_.load()->store_root + "/config/" + std::string(name);
  }

  Status openStore();
  Status openTables();
  void makeClients();
  Status openReplication();
  void makeServices();
  void registerHandlers();
  void registerAdminHandlers();
  Status listen();
  Status listenForMetrics();
  void startTimers();
  void startSlaveTimers();
  void announce();

  /// Runs `work` on the admin lane again and again.
  void every(milliseconds initial_delay, milliseconds period, std::function<void()> work);
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

  remoting::Lanes lanes_;
  remoting::IoPool pool_;
  std::atomic<size_t> next_io_thread_{0};
  HeldPulls held_pulls_;
  /// Set once delays_ exists: the store reports arrivals from its first moment on.
  std::atomic<DelayService*> delays_for_arrivals_{nullptr};
  std::atomic<TimerService*> timers_for_arrivals_{nullptr};
  std::unique_ptr<store::MessageStore> store_;

  std::unique_ptr<TopicTable> topics_;
  std::unique_ptr<SubscriptionGroups> groups_;
  std::unique_ptr<ConsumerOffsets> offsets_;
  std::unique_ptr<DelayService> delays_;
  std::unique_ptr<TimerService> message_timers_;  // Of a master with timerWheelEnable.
  std::optional<QueueLocks> locks_;
  BrokerStats stats_;

  std::optional<ClientRegistry> clients_;
  std::optional<HeartbeatService> heartbeats_;
  std::unique_ptr<Replication> replication_;
  std::optional<StoreGuarantee> guarantee_;
  std::optional<Transactions> transactions_;  // Of a master.
  std::optional<SendService> sends_;
  std::optional<SendBackService> send_backs_;
  std::optional<ReplyService> replies_;
  std::optional<PullService> pulls_;
  std::optional<RuntimeInfo> runtime_info_;
  std::optional<ConfigService> config_;
  std::atomic<int32_t> announced_permission_{0};

  remoting::Router router_;
  remoting::DaemonTls tls_;
  std::optional<remoting::Client> outgoing_;
  std::optional<Registrar> registrar_;
  std::unique_ptr<remoting::Server> server_;
  std::unique_ptr<remoting::Server> vip_server_;
  std::optional<BrokerMetrics> metrics_;
  std::unique_ptr<metrics::Server> metrics_server_;
  std::vector<std::unique_ptr<remoting::PeriodicTask>> timers_;
  std::atomic<bool> stopping_{false};
  bool stopped_ = false;
};

Status Broker::Impl::openStore() {
  ROCKETMQ_ASSIGN_OR_RETURN(
      store_,
      store::MessageStore::open(storeOptionsOf(*settings_.load(), levels_), clock_,
                                [this](const store::Arrival& arrival) { onArrival(arrival); }));
  return Status::ok();
}

Status Broker::Impl::openTables() {
  ROCKETMQ_ASSIGN_OR_RETURN(topics_,
                            TopicTable::open(configPath("topics.json"), settings_, clock_));
  ROCKETMQ_ASSIGN_OR_RETURN(
      groups_, SubscriptionGroups::open(configPath("subscriptionGroup.json"), settings_, clock_));
  ROCKETMQ_ASSIGN_OR_RETURN(offsets_, ConsumerOffsets::open(configPath("consumerOffset.json")));
  ROCKETMQ_ASSIGN_OR_RETURN(
      delays_, DelayService::open(configPath("delayOffset.json"), levels_, *store_, clock_));
  delays_for_arrivals_.store(delays_.get(), std::memory_order_release);
  const auto settings = settings_.load();
  if (settings->timer_wheel && !settings->isSlave()) {
    ROCKETMQ_ASSIGN_OR_RETURN(message_timers_, TimerService::open({.settings = settings_,
                                                                   .store = *store_,
                                                                   .clock = clock_,
                                                                   .files = posixFileSystem()}));
    timers_for_arrivals_.store(message_timers_.get(), std::memory_order_release);
  }
  return Status::ok();
}

void Broker::Impl::makeClients() {
  const auto settings = settings_.load();
  clients_.emplace(
      ClientRegistry::Options{.may_notify =
                                  [this](std::string_view name) {
                                    const GroupConfigPtr group = groups_->find(name);
                                    return settings_.load()->notify_consumer_ids_changed &&
                                           (group == nullptr ||
                                            group->notify_consumer_ids_changed_enable);
                                  },
                              .expiry = milliseconds(settings->channel_expired_timeout_ms)},
      clock_);
  heartbeats_.emplace(*clients_, *groups_, *topics_);
  locks_.emplace(milliseconds(settings->queue_lock_lifetime_ms));
  remoting::Client::Options options;
  options.connect_timeout = milliseconds(settings->connect_timeout_ms);
  options.limits.idle_timeout = seconds(settings->client_connection_idle_max_seconds);
  options.tls = tls_.client;
  outgoing_.emplace(pool_, nullptr, std::move(options));
  registrar_.emplace(pool_, *outgoing_, *topics_, settings_);
  topics_->setChangeListener([this] { registrar_->topicsChanged(); });
}

Status Broker::Impl::openReplication() {
  ROCKETMQ_ASSIGN_OR_RETURN(replication_, Replication::open({.settings = settings_,
                                                             .store = *store_,
                                                             .clock = clock_,
                                                             .tables = {.client = *outgoing_,
                                                                        .lanes = lanes_,
                                                                        .topics = *topics_,
                                                                        .groups = *groups_,
                                                                        .offsets = *offsets_,
                                                                        .delays = *delays_}}));
  registrar_->setMasterListener(
      [this](const Registrar::Master& master) { replication_->setMaster(master); });
  return Status::ok();
}

void Broker::Impl::makeServices() {
  guarantee_.emplace(settings_, *store_, replication_->server());
  if (!settings_.load()->isSlave()) {
    transactions_.emplace(Transactions::Parts{.settings = settings_,
                                              .topics = *topics_,
                                              .clients = *clients_,
                                              .store = *store_,
                                              .guarantee = *guarantee_,
                                              .offsets = *offsets_,
                                              .traffic = stats_,
                                              .clock = clock_},
                          store_host_);
  }
  sends_.emplace(SendService::Parts{.settings = settings_,
                                    .topics = *topics_,
                                    .groups = *groups_,
                                    .store = *store_,
                                    .guarantee = *guarantee_,
                                    .delay_levels = levels_,
                                    .traffic = stats_,
                                    .clock = clock_,
                                    .timers = message_timers_.get()},
                 store_host_);
  send_backs_.emplace(SendBackService::Parts{.settings = settings_,
                                             .topics = *topics_,
                                             .groups = *groups_,
                                             .store = *store_,
                                             .delay_levels = levels_,
                                             .traffic = stats_},
                      store_host_);
  replies_.emplace(
      ReplyService::Parts{
          .settings = settings_, .clients = *clients_, .sends = *sends_, .clock = clock_},
      store_host_.toString());
  pulls_.emplace(PullService::Parts{.settings = settings_,
                                    .topics = *topics_,
                                    .groups = *groups_,
                                    .clients = *clients_,
                                    .offsets = *offsets_,
                                    .store = *store_,
                                    .held = held_pulls_,
                                    .lanes = lanes_,
                                    .traffic = stats_,
                                    .clock = clock_});
  runtime_info_.emplace(RuntimeInfo::Parts{.settings = settings_,
                                           .store = *store_,
                                           .delays = *delays_,
                                           .lanes = lanes_,
                                           .stats = stats_,
                                           .ha = replication_->reporter(),
                                           .clock = clock_,
                                           .timers = message_timers_.get()});
  announced_permission_ = settings_.load()->broker_permission;
  config_.emplace(settings_, clock_,
                  [this](const BrokerSettings& settings) { onSettingsChanged(settings); });
}

void Broker::Impl::registerHandlers() {
  registerSendHandlers(router_, {.settings = settings_,
                                 .sends = *sends_,
                                 .send_backs = *send_backs_,
                                 .guarantee = *guarantee_,
                                 .held_pulls = held_pulls_,
                                 .lanes = lanes_});
  if (transactions_) {
    registerTransactionHandlers(
        router_, {.transactions = *transactions_, .held_pulls = held_pulls_, .lanes = lanes_});
  } else {
    refuseTransactions(router_);
  }
  registerPullHandlers(router_, *pulls_);
  registerOffsetHandlers(router_, *offsets_, *store_);
  registerClientHandlers(
      router_,
      {.settings = settings_, .clients = *clients_, .heartbeats = *heartbeats_, .lanes = lanes_});
  registerLockHandlers(router_, *locks_, clock_);
  registerQueryHandlers(router_, *store_, settings_);
  registerReplyHandlers(router_, *replies_);
  registerAdminHandlers();
}

void Broker::Impl::registerAdminHandlers() {
  registerAdminTopicHandlers(router_, {.settings = settings_,
                                       .topics = *topics_,
                                       .offsets = *offsets_,
                                       .clients = *clients_,
                                       .store = *store_,
                                       .held_pulls = held_pulls_,
                                       .stats = stats_,
                                       .registrar = *registrar_});
  registerAdminGroupHandlers(router_, {.groups = *groups_,
                                       .offsets = *offsets_,
                                       .clients = *clients_,
                                       .delays = *delays_,
                                       .stats = stats_});
  registerAdminOffsetHandlers(router_, {.settings = settings_,
                                        .topics = *topics_,
                                        .groups = *groups_,
                                        .offsets = *offsets_,
                                        .clients = *clients_,
                                        .store = *store_,
                                        .held_pulls = held_pulls_,
                                        .stats = stats_,
                                        .clock = clock_});
  registerAdminBrokerHandlers(router_, {.config = *config_,
                                        .runtime_info = *runtime_info_,
                                        .stats = stats_,
                                        .ha = replication_->reporter()});
  registerRelayHandlers(router_, {.settings = settings_, .clients = *clients_, .store = *store_});
}

remoting::Server::Options Broker::Impl::serverOptions(int32_t port) {
  const auto settings = settings_.load();
  remoting::Server::Options options;
  options.bind_address = settings->bind_address;
  options.port = static_cast<uint16_t>(port);
  options.connections_max = static_cast<size_t>(settings->connections_max);
  options.limits.idle_timeout = seconds(settings->connection_idle_max_seconds);
  options.tls = tls_.server;
  options.on_closed = [this](const remoting::ConnectionPtr& connection) { onClosed(connection); };
  return options;
}

Status Broker::Impl::listen() {
  const int32_t port = settings_.load()->listen_port;
  ROCKETMQ_ASSIGN_OR_RETURN(server_, remoting::Server::start(pool_, router_, serverOptions(port)));
  if (port <= kVipPortDistance) {
    return Status::ok();
  }
  auto vip = remoting::Server::start(pool_, router_, serverOptions(port - kVipPortDistance));
  if (vip.ok()) {
    vip_server_ = std::move(*vip);
  } else {
    log::warn("clients that use the VIP channel cannot send: {}", vip.status().message());
  }
  return Status::ok();
}

Status Broker::Impl::listenForMetrics() {
  const auto settings = settings_.load();
  if (settings->metrics_port == 0) {
    return Status::ok();
  }
  metrics_.emplace(BrokerMetrics::Parts{.settings = settings_,
                                        .store = *store_,
                                        .stats = stats_,
                                        .topics = *topics_,
                                        .groups = *groups_,
                                        .offsets = *offsets_,
                                        .clients = *clients_,
                                        .lanes = lanes_,
                                        .ha = replication_->reporter(),
                                        .clock = clock_});
  ROCKETMQ_ASSIGN_OR_RETURN(
      metrics_server_,
      metrics::Server::start(pool_, lanes_,
                             {.bind_address = settings->metrics_bind_address,
                              .port = static_cast<uint16_t>(settings->metrics_port)},
                             [this] { return metrics_->page(); }));
  return Status::ok();
}

void Broker::Impl::every(milliseconds initial_delay, milliseconds period,
                         std::function<void()> work) {
  timers_.push_back(std::make_unique<remoting::PeriodicTask>(
      pool_, 0, remoting::PeriodicTask::Options{.initial_delay = initial_delay, .period = period},
      [this, work = std::move(work)] { lanes_.run(remoting::Lane::kAdmin, work); }));
}

void Broker::Impl::startTimers() {
  held_pulls_.start();
  const auto settings = settings_.load();
  if (settings->isSlave()) {
    startSlaveTimers();
  } else {
    delays_->start();
    transactions_->start();
    if (message_timers_ != nullptr) {
      message_timers_->start();
    }
  }
  const auto persist = [](std::string_view what, const Status& status) {
    if (!status.isOk()) {
      log::error("{} are not saved: {}", what, status.message());
    }
  };
  every(kFirstPersist, milliseconds(settings->flush_consumer_offset_interval_ms), [this, persist] {
    if (transactions_) {
      transactions_->saveProgress();
    }
    persist("consumer offsets", offsets_->persist());
  });
  every(kFirstPersist, milliseconds(settings->flush_delay_offset_interval_ms),
        [this, persist] { persist("delay offsets", delays_->persist()); });
  every(kClientScanPeriod, kClientScanPeriod, [this] { clients_->removeExpired(); });
  every(remoting::kTlsReloadPeriod, remoting::kTlsReloadPeriod,
        [this] { tls_.server->reloadIfChanged(); });
  every(kLockScanPeriod, kLockScanPeriod, [this] { locks_->removeExpired(clock_.nowMs()); });
  every(kStatsPeriod, kStatsPeriod, [this] {
    stats_.sample(clock_.nowMs());
    runtime_info_->sample();
    if (const int32_t minutes = settings_.load()->stats_idle_minutes_max; minutes > 0) {
      stats_.forgetIdle(clock_.nowMs() - int64_t{minutes} * 60'000);
    }
  });
}

void Broker::Impl::startSlaveTimers() {
  replication_->start();
  every(kSlaveSyncPeriod, kSlaveSyncPeriod, [this] { replication_->synchronize(); });
  every(kMasterSearchPeriod, kMasterSearchPeriod, [this] {
    if (replication_->lacksMaster()) {
      registrar_->topicsChanged();
    }
  });
}

void Broker::Impl::announce() {
  registrar_->start(kFirstRegistrationTimeout);
  const auto settings = settings_.load();
  checkReachable(*outgoing_, settings->advertisedAddress(), kReachabilityTimeout,
                 [settings, notice = notice_](const Status& status) {
                   if (status.isOk()) {
                     return;
                   }
                   const std::string advice =
                       unreachableAdvice(settings->advertisedAddress(), status);
                   log::warn("{}", advice);
                   if (notice) {
                     notice(advice);
                   }
                 });
}

void Broker::Impl::postAnywhere(remoting::UniqueFunction<void()> task) {
  const size_t turn = next_io_thread_.fetch_add(1, std::memory_order_relaxed);
  pool_.post(turn % pool_.size(), std::move(task));
}

void Broker::Impl::onArrival(const store::Arrival& arrival) {
  held_pulls_.onArrival(arrival);
  if (arrival.topic == kScheduleTopic) {
    if (DelayService* const delays = delays_for_arrivals_.load(std::memory_order_acquire)) {
      delays->onArrival(arrival);
    }
  } else if (arrival.topic == kTimerTopic) {
    if (TimerService* const timers = timers_for_arrivals_.load(std::memory_order_acquire)) {
      timers->onArrival();
    }
  }
}

void Broker::Impl::onClosed(const remoting::ConnectionPtr& connection) {
  held_pulls_.dropConnection(connection->id());
  // A broker that stops would tell each member of a group of every other one that goes.
  if (!stopping_.load(std::memory_order_acquire)) {
    clients_->removeConnection(connection->id());
  }
}

void Broker::Impl::onSettingsChanged(const BrokerSettings& settings) {
  store_->updateOptions(liveStoreOptionsOf(settings));
  if (const Status status = log::setLevel(settings.log_level); !status.isOk()) {
    log::warn("{}", status.message());
  }
  if (announced_permission_.exchange(settings.broker_permission) != settings.broker_permission) {
    // Clients learn of it from the name servers, which only look at a changed version.
    topics_->bumpDataVersion();
  }
}

Status Broker::Impl::stop() {
  if (stopped_) {
    return Status::ok();
  }
  stopped_ = true;
  stopping_.store(true, std::memory_order_release);
  if (registrar_) {
    registrar_->stop(kRegistrarTimeout);
  }
  // Their answers would be waited for below.
  held_pulls_.stop();
  if (server_ != nullptr) {
    server_->stop(kServerStopTimeout);
  }
  if (vip_server_ != nullptr) {
    vip_server_->stop(milliseconds(0));
  }
  timers_.clear();
  metrics_server_.reset();
  if (outgoing_) {
    outgoing_->stop();
  }
  if (replication_ != nullptr) {
    replication_->stop();
  }
  if (delays_ != nullptr) {
    delays_->stop();
  }
  if (message_timers_ != nullptr) {
    message_timers_->stop();
  }
  if (transactions_) {
    transactions_->stop();
  }
  lanes_.stop();
  Status offsets_saved;
  if (transactions_) {
    transactions_->saveProgress();
  }
  if (offsets_ != nullptr) {
    offsets_saved = offsets_->persist();
  }
  Status store_closed;
  if (store_ != nullptr) {
    store_closed = store_->close();
  }
  pool_.stop();
  return store_closed.isOk() ? offsets_saved : store_closed;
}

Result<std::unique_ptr<Broker>> Broker::start(BrokerSettings settings, Notice notice) {
  ROCKETMQ_RETURN_IF_ERROR(completeSettings(settings));
  ROCKETMQ_ASSIGN_OR_RETURN(DelayLevels levels, DelayLevels::parse(settings.delay_levels));
  ROCKETMQ_RETURN_IF_ERROR(pickPorts(settings));
  ROCKETMQ_ASSIGN_OR_RETURN(const HostAddress store_host,
                            resolveAdvertised(settings.advertised_ip, settings.listen_port));
  auto impl =
      std::make_unique<Impl>(std::move(settings), std::move(levels), store_host, std::move(notice));
  ROCKETMQ_RETURN_IF_ERROR(impl->start());
  return std::unique_ptr<Broker>(new Broker(std::move(impl)));
}

Broker::Broker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Broker::~Broker() = default;

std::shared_ptr<const BrokerSettings> Broker::settings() const { return impl_->settings(); }

uint16_t Broker::port() const { return impl_->port(); }

Status Broker::stop() { return impl_->stop(); }

}  // namespace rocketmq::broker

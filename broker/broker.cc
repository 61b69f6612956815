#include "broker/broker.h"

#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>

#include "broker/broker_impl.h"
#include "broker/reachability.h"
#include "broker/start_settings.h"
#include "common/log.h"
#include "common/log_limiter.h"

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
/// A new owner is forgotten by a broker that is killed sooner. Nothing is written while owners
/// stay.
constexpr milliseconds kLockPersistPeriod{200};
constexpr seconds kFilterPersistPeriod{10};
constexpr seconds kStatsPeriod{1};
constexpr seconds kAclReloadPeriod{1};
/// How often a slave copies its master's tables.
constexpr seconds kSlaveSyncPeriod{10};
constexpr seconds kSlaveTimerSyncPeriod{3};
/// How often it looks whether its log has come as far as what it has copied.
constexpr seconds kSlaveApplyPeriod{1};
/// How often a slave that is connected to no master asks the name servers for one.
constexpr seconds kMasterSearchPeriod{5};

}  // namespace

Status Broker::Impl::start() {
  ROCKETMQ_RETURN_IF_ERROR(openStore());
  ROCKETMQ_RETURN_IF_ERROR(openTables());
  ROCKETMQ_RETURN_IF_ERROR(openAcl());
  ROCKETMQ_ASSIGN_OR_RETURN(tls_, remoting::DaemonTls::open(settings_.load()->tls));
  makeClients();
  ROCKETMQ_RETURN_IF_ERROR(openReplication());
  ROCKETMQ_RETURN_IF_ERROR(makeServices());
  registerHandlers();
  ROCKETMQ_RETURN_IF_ERROR(listen());
  ROCKETMQ_RETURN_IF_ERROR(listenForMetrics());
  startTimers();
  announce();
  return Status::ok();
}

remoting::Server::Options Broker::Impl::serverOptions(int32_t port) {
  const auto settings = settings_.load();
  remoting::Server::Options options;
  options.bind_address = settings->bind_address;
  options.port = static_cast<uint16_t>(port);
  options.connections_max = static_cast<size_t>(settings->connections_max);
  options.quota = connection_quota_;
  options.limits.idle_timeout = seconds(settings->connection_idle_max_seconds);
  options.limits.frame_timeout = seconds(settings->frame_timeout_seconds);
  options.limits.unsent_bytes_total_max = static_cast<size_t>(settings->unsent_bytes_total_max);
  options.limits.partial_bytes_total_max = static_cast<size_t>(settings->partial_bytes_total_max);
  options.tls = tls_.server;
  options.on_closed = [this](const remoting::ConnectionPtr& connection) { onClosed(connection); };
  return options;
}

Status Broker::Impl::listen() {
  const auto settings = settings_.load();
  const int32_t port = settings->listen_port;
  const bool has_vip_port = port > kVipPortDistance;
  connection_quota_ = remoting::ConnectionQuota::ofProcess(
      static_cast<size_t>(settings->connections_max), has_vip_port ? 2 : 1);
  ROCKETMQ_ASSIGN_OR_RETURN(server_, remoting::Server::start(pool_, router_, serverOptions(port)));
  if (!has_vip_port) {
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
                                        .clock = clock_,
                                        .rpc_latency = *rpc_latency_,
                                        .timers = message_timers_.get(),
                                        .transactions = transactions_.get()});
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
      housekeeping_, 0,
      remoting::PeriodicTask::Options{.initial_delay = initial_delay, .period = period},
      [work = std::move(work)] {
        try {
          work();
        } catch (const std::exception& error) {
          log::error("a task of the housekeeping failed: {}", error.what());
        }
      }));
}

void Broker::Impl::everyOnAdminLane(milliseconds period, std::function<void()> work) {
  const auto is_waiting = std::make_shared<std::atomic<bool>>(false);
  every(period, period, [this, is_waiting, work = std::move(work)] {
    if (is_waiting->exchange(true)) {
      return;
    }
    const bool is_accepted = lanes_.run(remoting::Lane::kAdmin, [is_waiting, work] {
      is_waiting->store(false);
      work();
    });
    if (!is_accepted) {
      is_waiting->store(false);
    }
  });
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
  const milliseconds offsets_period(settings->flush_consumer_offset_interval_ms);
  every(offsets_period, offsets_period, [this, persist] {
    if (transactions_) {
      persist("transactions' ends", transactions_->saveProgress());
    }
    persist("consumer offsets", offsets_->persist());
  });
  const milliseconds delays_period(settings->flush_delay_offset_interval_ms);
  every(delays_period, delays_period,
        [this, persist] { persist("delay offsets", delays_->persist()); });
  every(kClientScanPeriod, kClientScanPeriod, [this] { clients_->removeExpired(); });
  timers_.push_back(std::make_unique<remoting::PeriodicTask>(
      pool_, 0,
      remoting::PeriodicTask::Options{.initial_delay = ClientRegistry::kTellPeriod,
                                      .period = ClientRegistry::kTellPeriod},
      [this] {
        if (clients_->hasChangesToTell()) {
          lanes_.run(remoting::Lane::kClient, [this] { clients_->tellChanges(); });
        }
      }));
  every(remoting::kTlsReloadPeriod, remoting::kTlsReloadPeriod,
        [this] { tls_.server->reloadIfChanged(); });
  if (acl_ != nullptr) {
    every(kAclReloadPeriod, kAclReloadPeriod, [this] { acl_->reloadIfChanged(); });
  }
  every(kFirstPersist, kFilterPersistPeriod, [this, persist] {
    filters_->removeDead(milliseconds(settings_.load()->filter_dead_ms_max));
    persist("consumer filters", filters_->persist());
  });
  every(kLockScanPeriod, kLockScanPeriod, [this] { locks_->removeExpired(clock_.monotonic()); });
  every(kLockPersistPeriod, kLockPersistPeriod, [this] {
    if (const Status status = locks_->persist(); !status.isOk()) {
      static LogLimiter limiter(1);
      limiter.error("owners of queues are not saved: {}", status.message());
    }
  });
  every(kStatsPeriod, kStatsPeriod, [this] {
    stats_.sample(clock_.nowMs());
    runtime_info_->sample();
    if (const int32_t minutes = settings_.load()->stats_idle_minutes_max; minutes > 0) {
      stats_.forgetIdle(clock_.nowMs() - int64_t{minutes} * 60'000);
    }
  });
}

void Broker::Impl::startSlaveTimers() {
  replication_for_arrivals_.store(replication_.get(), std::memory_order_release);
  replication_->start();
  everyOnAdminLane(kSlaveSyncPeriod, [this] { replication_->synchronize(); });
  everyOnAdminLane(kSlaveTimerSyncPeriod, [this] { replication_->synchronizeTimers(); });
  everyOnAdminLane(kSlaveApplyPeriod, [this] {
    replication_->synchronizeSoon();
    replication_->applyCopiedTables();
  });
  everyOnAdminLane(kMasterSearchPeriod, [this] {
    if (!replication_->knowsMaster()) {
      std::call_once(no_master_told_, [this] {
        const auto settings = settings_.load();
        log::warn(
            "this slave copies {}: the name servers know no master with brokerName={} (it is "
            "not there yet, or the name is another)",
            settings->ha_master_address.empty() ? "nothing" : "no topics, groups and offsets",
            settings->broker_name);
      });
    }
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
  if (arrival.queue_offset == 0) {
    Replication* const replication = replication_for_arrivals_.load(std::memory_order_acquire);
    if (replication != nullptr && topics_->find(arrival.topic) == nullptr) {
      replication->noteUnknownTopic();
    }
  }
}

void Broker::Impl::onClosed(const remoting::ConnectionPtr& connection) {
  held_pulls_.dropConnection(connection->id());
  // A broker that stops would tell each member of a group of every other one that goes.
  if (!stopping_.load(std::memory_order_acquire)) {
    clients_->removeConnection(connection->id());
    offsets_->forgetConnection(connection->id());
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

Status Broker::Impl::saveTables() {
  const Status ends_saved = transactions_ ? transactions_->saveProgress() : Status::ok();
  // Without the store's lock the file may be that of another process.
  const Status filters_saved = store_ == nullptr ? Status::ok() : filters_->persist();
  const Status locks_saved = locks_ ? locks_->persist() : Status::ok();
  const Status offsets_saved = offsets_ == nullptr ? Status::ok() : offsets_->persist();
  for (const Status& status : {ends_saved, offsets_saved, filters_saved, locks_saved}) {
    ROCKETMQ_RETURN_IF_ERROR(status);
  }
  return Status::ok();
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
  housekeeping_.stop();
  metrics_server_.reset();
  if (outgoing_) {
    outgoing_->stop();
  }
  if (replication_ != nullptr) {
    replication_->applyCopiedTables();
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
  // After all that may still append: a slave that is promoted now must have what was acknowledged.
  if (replication_ != nullptr) {
    replication_->stop();
  }
  const Status tables_saved = saveTables();
  Status store_closed;
  if (store_ != nullptr) {
    store_closed = store_->close();
  }
  pool_.stop();
  return store_closed.isOk() ? tables_saved : store_closed;
}

Result<std::unique_ptr<Broker>> Broker::start(BrokerSettings settings, Notice notice) {
  ROCKETMQ_ASSIGN_OR_RETURN(StartSettings start, prepareStart(settings));
  auto impl = std::make_unique<Impl>(std::move(settings), std::move(start.levels), start.store_host,
                                     std::move(notice));
  ROCKETMQ_RETURN_IF_ERROR(impl->start());
  return std::unique_ptr<Broker>(new Broker(std::move(impl)));
}

Broker::Broker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Broker::~Broker() = default;

std::shared_ptr<const BrokerSettings> Broker::settings() const { return impl_->settings(); }

uint16_t Broker::port() const { return impl_->port(); }

Status Broker::stop() { return impl_->stop(); }

}  // namespace rocketmq::broker

#include "namesrv/namesrv.h"

#include <chrono>
#include <optional>
#include <utility>

#include "metrics/server.h"
#include "namesrv/handlers/handlers.h"
#include "namesrv/kv_table.h"
#include "namesrv/liveness.h"
#include "namesrv/metrics/namesrv_metrics.h"
#include "namesrv/routes.h"
#include "remoting/io_pool.h"
#include "remoting/lanes.h"
#include "remoting/router.h"
#include "remoting/server.h"

namespace rocketmq::namesrv {

namespace {

constexpr std::chrono::milliseconds kStopTimeout{1000};

RouteTime readyTime(const NamesrvSettings& settings, const Clock& clock) {
  return settings.wait_for_service
             ? clock.monotonic() + std::chrono::seconds(settings.wait_for_service_seconds)
             : RouteTime::min();
}

}  // namespace

RouteTable::Options routeOptions(const NamesrvSettings& settings) {
  return {.delete_missing_topics = settings.delete_missing_topics,
          .brokers_max = static_cast<size_t>(settings.brokers_max),
          .topics_per_broker_max = static_cast<size_t>(settings.topics_per_broker_max),
          .topics_max = static_cast<size_t>(settings.topics_max)};
}

/// The parts in the order in which they are built.
class Namesrv::Parts {
 public:
  Parts(const NamesrvSettings& initial, std::unique_ptr<KvTable> kv_table, const Clock& clock)
      : settings_(initial),
        kv_table_(std::move(kv_table)),
        routes_(routeOptions(initial), clock),
        lanes_({.query = {.threads = 1}, .admin = {.threads = 1}}, clock),
        pool_("namesrv-io", initial.ioThreads()),
        liveness_(routes_, lanes_, pool_, std::chrono::milliseconds(initial.scan_interval_ms)),
        router_(&lanes_) {
    addRouteHandlers(router_, routes_, *kv_table_, settings_, clock, readyTime(initial, clock));
    addBrokerHandlers(router_, routes_, liveness_, *kv_table_, settings_);
    addAdminHandlers(router_, routes_, settings_);
    addKvHandlers(router_, *kv_table_);
    addSettingsHandlers(router_, settings_);
  }

  ~Parts() { stop(); }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  Status listen(const NamesrvSettings& initial) {
    ROCKETMQ_ASSIGN_OR_RETURN(const remoting::DaemonTls tls,
                              remoting::DaemonTls::open(initial.tls));
    remoting::Server::Options options;
    options.tls = tls.server;
    options.bind_address = initial.bind_address;
    options.port = static_cast<uint16_t>(initial.listen_port);
    options.connections_max = static_cast<size_t>(initial.connections_max);
    options.quota = remoting::ConnectionQuota::ofProcess(options.connections_max, 1);
    options.limits.idle_timeout = std::chrono::seconds(initial.connection_idle_max_seconds);
    options.limits.frame_timeout = std::chrono::seconds(initial.frame_timeout_seconds);
    options.limits.unsent_bytes_total_max = static_cast<size_t>(initial.unsent_bytes_total_max);
    options.limits.partial_bytes_total_max = static_cast<size_t>(initial.partial_bytes_total_max);
    options.on_closed = [this](const remoting::ConnectionPtr& connection) {
      liveness_.connectionClosed(*connection);
    };
    ROCKETMQ_ASSIGN_OR_RETURN(server_, remoting::Server::start(pool_, router_, std::move(options)));
    tls_reload_.emplace(pool_, 0,
                        remoting::PeriodicTask::Options{.initial_delay = remoting::kTlsReloadPeriod,
                                                        .period = remoting::kTlsReloadPeriod},
                        [this, server = tls.server] {
                          lanes_.run(remoting::Lane::kAdmin,
                                     [server] { server->reloadIfChanged(); });
                        });
    return listenForMetrics(initial);
  }

  uint16_t port() const { return server_->port(); }

  void stop() {
    metrics_server_.reset();
    if (server_ != nullptr) {
      server_->stop(kStopTimeout);
    }
    tls_reload_.reset();
    liveness_.stop();
    lanes_.stop();
    pool_.stop();
  }

 private:
  Status listenForMetrics(const NamesrvSettings& initial) {
    if (initial.metrics_port == 0) {
      return Status::ok();
    }
    ROCKETMQ_ASSIGN_OR_RETURN(
        metrics_server_,
        metrics::Server::start(
            pool_, lanes_,
            {.bind_address = initial.metrics_bind_address,
             .port = static_cast<uint16_t>(initial.metrics_port)},
            [this, node_id = initial.bind_address + ":" + std::to_string(server_->port())] {
              return metricsPage(routes_, node_id);
            }));
    return Status::ok();
  }

  LiveSettings settings_;
  const std::unique_ptr<KvTable> kv_table_;
  Routes routes_;
  remoting::Lanes lanes_;
  remoting::IoPool pool_;
  Liveness liveness_;
  remoting::Router router_;
  std::unique_ptr<remoting::Server> server_;
  std::unique_ptr<metrics::Server> metrics_server_;
  std::optional<remoting::PeriodicTask> tls_reload_;
};

Result<std::unique_ptr<Namesrv>> Namesrv::start(const NamesrvSettings& settings,
                                                const Clock& clock) {
  const NamesrvSettings complete = settings.withDefaultPaths();
  ROCKETMQ_ASSIGN_OR_RETURN(
      std::unique_ptr<KvTable> kv_table,
      KvTable::open(complete.kv_config_path, static_cast<size_t>(complete.kv_bytes_max)));
  auto parts = std::make_unique<Parts>(complete, std::move(kv_table), clock);
  ROCKETMQ_RETURN_IF_ERROR(parts->listen(complete));
  return std::unique_ptr<Namesrv>(new Namesrv(std::move(parts)));
}

Namesrv::Namesrv(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Namesrv::~Namesrv() = default;

uint16_t Namesrv::port() const { return parts_->port(); }

void Namesrv::stop() { parts_->stop(); }

}  // namespace rocketmq::namesrv

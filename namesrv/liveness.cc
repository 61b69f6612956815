#include "namesrv/liveness.h"

#include <string>
#include <utility>

#include "common/log.h"
#include "common/log_limiter.h"

namespace rocketmq::namesrv {

namespace {

/// One connection may have registered as many brokers as there may be.
LogLimiter& goneLog() {
  static LogLimiter limiter(20);
  return limiter;
}

}  // namespace

Liveness::Liveness(Routes& routes, remoting::Lanes& lanes, remoting::IoPool& pool,
                   std::chrono::milliseconds scan_interval)
    : routes_(routes),
      lanes_(lanes),
      scan_task_(std::make_unique<remoting::PeriodicTask>(
          pool, 0,
          remoting::PeriodicTask::Options{.initial_delay = scan_interval, .period = scan_interval},
          [this] {
            if (!lanes_.run(kBrokersLane, [this] { scan(); })) {
              log::warn(
                  "the lane of registrations is full, the scan for silent brokers is put off");
            }
          })) {}

void Liveness::watch(const remoting::Connection& connection) {
  MutexLock lock(mutex_);
  watched_.insert(connection.id());
}

void Liveness::settle(const remoting::Connection& connection) {
  if (!connection.isOpen()) {
    connectionClosed(connection);
  }
}

void Liveness::connectionClosed(const remoting::Connection& connection) {
  {
    MutexLock lock(mutex_);
    if (watched_.erase(connection.id()) == 0) {
      return;
    }
    closed_.insert(connection.id());
  }
  if (!lanes_.run(kBrokersLane, [this] { removeClosed(); })) {
    log::warn(
        "the lane of registrations is full, a broker that has gone stays until the next scan");
  }
}

void Liveness::removeClosed() {
  std::unordered_set<uint64_t> closed;
  {
    MutexLock lock(mutex_);
    closed.swap(closed_);
  }
  if (closed.empty()) {
    return;
  }
  const auto removal =
      routes_.change([&](RouteTable& table, RouteTime) { return table.connectionsClosed(closed); });
  for (const std::string& address : removal.gone) {
    goneLog().warn("the connection to broker {} was closed", address);
  }
  if (!removal.is_done) {
    {
      MutexLock lock(mutex_);
      closed_.merge(closed);
    }
    // Behind the registrations that wait.
    lanes_.run(kBrokersLane, [this] { removeClosed(); });
  }
}

void Liveness::scan() {
  removeClosed();
  const auto removal = routes_.change([this](RouteTable& table, RouteTime now) {
    // What came before the oldest that still waits has been applied; any later word of a broker may
    // be among those, so that silence counts up to then only.
    return table.expire(now - std::chrono::milliseconds(lanes_.headWaitMs(kBrokersLane)));
  });
  for (const std::string& address : removal.gone) {
    goneLog().warn("broker {} has been silent for too long", address);
  }
  if (!removal.is_done) {
    lanes_.run(kBrokersLane, [this] { scan(); });
  }
}

void Liveness::stop() { scan_task_.reset(); }

}  // namespace rocketmq::namesrv

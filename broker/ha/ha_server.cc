#include "broker/ha/ha_server.h"

#include <algorithm>
#include <future>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "common/log.h"
#include "common/log_limiter.h"

namespace rocketmq::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// A master has a handful; more are a mistake of whoever connects.
constexpr size_t kSlavesMax = 64;
/// How often waits are looked at whose time may be over.
constexpr milliseconds kExpiryPeriod{100};

}  // namespace

class HaServer::Impl final : public SlaveConnection::Listener,
                             public std::enable_shared_from_this<Impl> {
 public:
  Impl(remoting::IoPool& pool, store::MessageStore& store, const LiveSettings& settings)
      : context_(pool.context(0)),
        store_(store),
        settings_(settings),
        expiry_task_(pool, 0, {.initial_delay = kExpiryPeriod, .period = kExpiryPeriod},
                     [this] { waits_.endExpired(steady_clock::now()); }) {}

  Status start();
  void awaitSlaves(steady_clock::time_point deadline);
  void stop();
  uint16_t port() const { return acceptor_->port(); }
  void onAppended();
  void whenReplicated(int64_t end_offset, ReplicaWaits::Done done);
  int32_t inSyncSlaves() const;
  bool hasEnoughInSync() const;
  std::vector<SlaveConnection::State> slaves() const;

 private:
  using Connections = std::vector<std::shared_ptr<SlaveConnection>>;

  void accept(Descriptor socket, asio::ip::tcp protocol);
  bool closeMuteOne();
  void pumpAll();
  void updateWaits();
  bool isAwaited(const SlaveConnection& slave) const;
  Connections connections() const {
    MutexLock lock(mutex_);
    return connections_;
  }

  void onFirstReport(SlaveConnection& connection) override;
  void onReport() override { updateWaits(); }
  void onIdle() override { sleeps_.exchange(true, std::memory_order_acq_rel); }
  void onClosed(SlaveConnection& connection) override;

  asio::io_context& context_;
  store::MessageStore& store_;
  const LiveSettings& settings_;
  std::shared_ptr<remoting::Acceptor> acceptor_;
  bool is_stopped_ = false;
  ReplicaWaits waits_;
  remoting::PeriodicTask expiry_task_;
  /// A connection has sent everything and wants to be told of the next append.
  std::atomic<bool> sleeps_{false};

  // Changed by the HA thread only.
  mutable Mutex mutex_;
  Connections connections_ ROCKETMQ_GUARDED_BY(mutex_);
  CondVar reported_;
};

Status HaServer::Impl::start() {
  const auto settings = settings_.load();
  ROCKETMQ_ASSIGN_OR_RETURN(
      acceptor_, remoting::Acceptor::open(context_, settings->bind_address,
                                          static_cast<uint16_t>(settings->ha_listen_port)));
  acceptor_->start(
      [this](Descriptor socket, asio::ip::tcp protocol) { accept(std::move(socket), protocol); });
  return Status::ok();
}

void HaServer::Impl::awaitSlaves(steady_clock::time_point deadline) {
  MutexLock lock(mutex_);
  while (std::ranges::any_of(connections_, [&](const auto& slave) { return isAwaited(*slave); })) {
    if (!reported_.waitUntil(mutex_, deadline)) {
      log::warn(
          "a slave does not have all of the log yet; it gets the rest when this broker runs "
          "again");
      return;
    }
  }
}

bool HaServer::Impl::isAwaited(const SlaveConnection& slave) const {
  const int64_t behind = store_.commitLogMaxOffset() - slave.ackOffset();
  return slave.isFollowing() && behind > 0 &&
         behind < settings_.load()->ha_slave_fall_behind_bytes_max;
}

void HaServer::Impl::stop() {
  if (std::exchange(is_stopped_, true) || acceptor_ == nullptr) {
    return;
  }
  acceptor_->stop();
  std::promise<void> closed;
  asio::post(context_, [&] {
    for (const auto& connection : connections()) {
      connection->close("this broker stops");
    }
    closed.set_value();
  });
  closed.get_future().wait();
  expiry_task_.cancel();
  waits_.stop();
}

void HaServer::Impl::accept(Descriptor socket, asio::ip::tcp protocol) {
  if (connections().size() >= kSlavesMax && !closeMuteOne()) {
    static LogLimiter limiter(1);
    limiter.warn("a slave more than {} is turned away", kSlavesMax);
    return;
  }
  remoting::TcpSocket accepted(context_.get_executor());
  asio::error_code error;
  accepted.assign(protocol, socket.get(), error);
  if (error) {
    // epoll wants memory for each descriptor, and the system bounds how many a user has.
    static LogLimiter limiter(1);
    limiter.warn("a slave is turned away: its connection cannot be watched: {}", error.message());
    return;
  }
  socket.release();
  const auto connection =
      std::make_shared<SlaveConnection>(std::move(accepted), store_, settings_, *this);
  {
    MutexLock lock(mutex_);
    connections_.push_back(connection);
  }
  connection->start();
}

/// True when the oldest connection that has not reported made room. A slave reports at once.
bool HaServer::Impl::closeMuteOne() {
  for (const auto& connection : connections()) {
    if (connection->ackOffset() < 0) {
      connection->close("it has not reported, and another one wants its place");
      return true;
    }
  }
  return false;
}

/// What the others from there have acknowledged counts again with their next reports. Slaves that
/// share a machine have one for the next send.
void HaServer::Impl::onFirstReport(SlaveConnection& connection) {
  for (const auto& other : connections()) {
    if (other.get() != &connection && other->host() == connection.host()) {
      other->doubt();
    }
  }
}

void HaServer::Impl::onClosed(SlaveConnection& connection) {
  {
    MutexLock lock(mutex_);
    std::erase_if(connections_, [&](const auto& other) { return other.get() == &connection; });
  }
  updateWaits();
}

void HaServer::Impl::onAppended() {
  // An exchange, not a load: either this sees that a connection sleeps, or that connection, which
  // looks at the log once more after it has said so, sees the append.
  if (sleeps_.exchange(false, std::memory_order_acq_rel)) {
    asio::post(context_, [self = shared_from_this()] { self->pumpAll(); });
  }
}

void HaServer::Impl::pumpAll() {
  for (const auto& connection : connections()) {
    connection->pump();
  }
}

void HaServer::Impl::updateWaits() {
  std::vector<int64_t> ends;
  std::vector<int64_t> doubtful;
  for (const auto& connection : connections()) {
    if (connection->isFollowing()) {
      (connection->isCurrent() ? ends : doubtful).push_back(connection->ackOffset());
    }
  }
  waits_.update(std::move(ends), doubtful);
  reported_.notifyAll();
}

void HaServer::Impl::whenReplicated(int64_t end_offset, ReplicaWaits::Done done) {
  const auto settings = settings_.load();
  const int32_t in_sync = waits_.inSync(end_offset, settings->ha_in_sync_gap_bytes_max);
  waits_.whenReplicated(end_offset,
                        {.slaves = settings->slavesToWaitFor(in_sync),
                         .fall_behind_bytes = settings->ha_slave_fall_behind_bytes_max},
                        steady_clock::now() + milliseconds(settings->slave_timeout_ms),
                        std::move(done));
}

int32_t HaServer::Impl::inSyncSlaves() const {
  return waits_.inSync(store_.commitLogMaxOffset(), settings_.load()->ha_in_sync_gap_bytes_max);
}

bool HaServer::Impl::hasEnoughInSync() const {
  const int32_t wanted = settings_.load()->min_in_sync_replicas;
  return wanted <= 1 || 1 + inSyncSlaves() >= wanted;
}

std::vector<SlaveConnection::State> HaServer::Impl::slaves() const {
  std::vector<SlaveConnection::State> all;
  for (const auto& connection : connections()) {
    all.push_back(connection->state());
  }
  return all;
}

Result<std::unique_ptr<HaServer>> HaServer::start(remoting::IoPool& pool,
                                                  store::MessageStore& store,
                                                  const LiveSettings& settings) {
  auto impl = std::make_shared<Impl>(pool, store, settings);
  if (const Status started = impl->start(); !started.isOk()) {
    return started.withContext("haListenPort");
  }
  return std::unique_ptr<HaServer>(new HaServer(std::move(impl)));
}

HaServer::HaServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

HaServer::~HaServer() { stop(); }

uint16_t HaServer::port() const { return impl_->port(); }

void HaServer::onAppended() { impl_->onAppended(); }

void HaServer::whenReplicated(int64_t end_offset, ReplicaWaits::Done done) {
  impl_->whenReplicated(end_offset, std::move(done));
}

int32_t HaServer::inSyncSlaves() const { return impl_->inSyncSlaves(); }

bool HaServer::hasEnoughInSync() const { return impl_->hasEnoughInSync(); }

std::vector<SlaveConnection::State> HaServer::slaves() const { return impl_->slaves(); }

void HaServer::awaitSlaves(steady_clock::time_point deadline) { impl_->awaitSlaves(deadline); }

void HaServer::stop() { impl_->stop(); }

}  // namespace rocketmq::broker

#include "remoting/client.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "common/gate.h"
#include "common/log.h"
#include "common/mutex.h"
#include "common/outage_log.h"
#include "remoting/connect_attempt.h"
#include "remoting/socket_address.h"
#include "remoting/tcp_connection.h"

namespace rocketmq::remoting {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBackOffMin{100};
constexpr milliseconds kBackOffMax{1000};
/// With more addresses than this, those that have not been asked for in a while are forgotten.
constexpr size_t kAddressesKept = 1024;
constexpr std::chrono::minutes kFailureKept{1};

const Router& emptyRouter() {
  // Never destroyed: clients with static life still read answers when they end.
  static const Router& router = *new Router(nullptr);
  return router;
}

/// When an address that could not be reached may be tried again.
class BackOff {
 public:
  void recordFailure(Deadline now, std::string reason) {
    const auto delay = std::min(kBackOffMin * (1 << std::min(failures_, 10)), kBackOffMax);
    ++failures_;
    failed_at_ = now;
    retry_at_ = now + delay;
    reason_ = std::move(reason);
  }

  bool isWaiting(Deadline now) const { return failures_ > 0 && now < retry_at_; }
  bool isOver(Deadline now) const { return now >= retry_at_ + kFailureKept; }

  Status why(const std::string& address, Deadline now) const {
    const auto count = [](auto duration) {
      return std::to_string(std::chrono::ceil<milliseconds>(duration).count());
    };
    return Status::io("cannot connect to " + address + ": failed " + count(now - failed_at_) +
                      " ms ago (" + reason_ + "); next try in " + count(retry_at_ - now) + " ms");
  }

 private:
  int failures_ = 0;
  Deadline failed_at_;
  Deadline retry_at_;
  std::string reason_;
};

}  // namespace

class Client::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(IoPool& pool, const Router* router, Options options)
      : pool_(pool),
        router_(router != nullptr ? *router : emptyRouter()),
        options_(std::move(options)) {}

  void start();
  void connect(const std::string& address, Deadline deadline, ConnectCallback callback);
  ConnectionPtr openConnection(const std::string& address) const;
  void closeAddress(const std::string& address, std::string_view reason);
  void stop();

 private:
  /// At most one of connection and attempt is there; neither while the address is left alone.
  struct Entry {
    explicit Entry(HostAndPort host_and_port) : target(std::move(host_and_port)) {}

    const HostAndPort target;
    std::shared_ptr<TcpConnection> connection;
    std::shared_ptr<ConnectAttempt> attempt;
    BackOff back_off;
  };

  std::optional<Result<ConnectionPtr>> findOrAttempt(const std::string& address,
                                                     std::shared_ptr<ConnectAttempt>& attempt)
      ROCKETMQ_REQUIRES(mutex_);
  std::shared_ptr<ConnectAttempt> newAttempt(const std::string& address, const HostAndPort& target);
  Result<ConnectionPtr> onAttemptEnd(IoThread& thread, const std::string& address,
                                     Result<ConnectedSocket> outcome);
  void forgetOldFailures() ROCKETMQ_REQUIRES(mutex_);
  void onClosed(const std::shared_ptr<TcpConnection>& connection);

  IoPool& pool_;
  const Router& router_;
  const Options options_;
  std::shared_ptr<const TcpConnection::Settings> settings_;

  /// Inside: callers of connect() until they have been called back, attempts, connections.
  Gate gate_;
  mutable Mutex mutex_;
  std::unordered_map<std::string, Entry> entries_ ROCKETMQ_GUARDED_BY(mutex_);
  bool is_stopped_ ROCKETMQ_GUARDED_BY(mutex_) = false;
};

void Client::Impl::start() {
  TcpConnection::Settings settings;
  settings.router = &router_;
  settings.limits = options_.limits;
  settings.limits.header_bytes_max = kHeaderBytesMax;
  settings.language = options_.language;
  settings.serialize_type = options_.serialize_type;
  settings.signer = options_.signer;
  settings.on_closed = [weak = weak_from_this()](const std::shared_ptr<TcpConnection>& connection) {
    if (const auto self = weak.lock()) {
      self->onClosed(connection);
    }
  };
  settings_ = std::make_shared<const TcpConnection::Settings>(std::move(settings));
}

void Client::Impl::connect(const std::string& address, Deadline deadline,
                           ConnectCallback callback) {
  if (!gate_.enter()) {
    callback(Status::closed("the client is stopped"));
    return;
  }
  ConnectCallback tracked = [self = shared_from_this(), callback = std::move(callback)](
                                const Result<ConnectionPtr>& connection) mutable {
    std::exchange(callback, nullptr)(connection);
    self->gate_.leave();
  };
  std::shared_ptr<ConnectAttempt> attempt;
  std::optional<Result<ConnectionPtr>> known;
  {
    MutexLock lock(mutex_);
    known = findOrAttempt(address, attempt);
  }
  if (attempt != nullptr && attempt->join(deadline, tracked)) {
    return;
  }
  if (!known) {
    known = Status::busy("too many calls wait for a connection to " + address);
  }
  // The caller may hold what the callback needs, hence not here and now.
  asio::post(pool_.nextContext(), [tracked = std::move(tracked),
                                   known = std::move(*known)]() mutable { tracked(known); });
}

/// What can be said at once, or nothing and the attempt to wait for.
std::optional<Result<ConnectionPtr>> Client::Impl::findOrAttempt(
    const std::string& address, std::shared_ptr<ConnectAttempt>& attempt) {
  if (is_stopped_) {
    return Result<ConnectionPtr>(Status::closed("the client is stopped"));
  }
  auto entry = entries_.find(address);
  if (entry == entries_.end()) {
    auto target = HostAndPort::parse(address);
    if (!target.ok()) {
      return Result<ConnectionPtr>(target.status());
    }
    entry = entries_.try_emplace(address, std::move(*target)).first;
  }
  Entry& found = entry->second;
  if (found.connection != nullptr && found.connection->isOpen()) {
    return Result<ConnectionPtr>(found.connection);
  }
  const auto now = std::chrono::steady_clock::now();
  if (found.attempt == nullptr && found.back_off.isWaiting(now)) {
    return Result<ConnectionPtr>(found.back_off.why(address, now));
  }
  if (found.attempt == nullptr) {
    found.connection = nullptr;
    found.attempt = newAttempt(address, found.target);
    found.attempt->start();
  }
  attempt = found.attempt;
  return std::nullopt;
}

std::shared_ptr<ConnectAttempt> Client::Impl::newAttempt(const std::string& address,
                                                         const HostAndPort& target) {
  gate_.enter();  // Open, because is_stopped_ is not set.
  asio::io_context& context = pool_.nextContext();
  return std::make_shared<ConnectAttempt>(
      context, HostLookup::shared(), address, target, options_.tls,
      ConnectAttempt::Limits{.timeout = options_.connect_timeout,
                             .waiters_max = options_.limits.pending_calls_max},
      [self = shared_from_this(), &context, address](Result<ConnectedSocket> outcome) {
        auto connection = self->onAttemptEnd(IoThread::of(context), address, std::move(outcome));
        self->gate_.leave();
        return connection;
      });
}

Result<ConnectionPtr> Client::Impl::onAttemptEnd(IoThread& thread, const std::string& address,
                                                 Result<ConnectedSocket> outcome) {
  MutexLock lock(mutex_);
  const auto entry = entries_.find(address);
  if (is_stopped_ || entry == entries_.end()) {
    return Status::closed("the client is stopped");
  }
  entry->second.attempt = nullptr;
  if (!outcome.ok()) {
    entry->second.back_off.recordFailure(std::chrono::steady_clock::now(),
                                         outcome.status().message());
    forgetOldFailures();
    return outcome.status().withContext("cannot connect to " + address);
  }
  gate_.enter();  // Left by onClosed().
  auto connection = std::make_shared<TcpConnection>(thread, Descriptor(outcome->socket.release()),
                                                    address, settings_, std::move(outcome->tls));
  entry->second.back_off = {};
  entry->second.connection = connection;
  connection->start();
  return ConnectionPtr(std::move(connection));
}

void Client::Impl::forgetOldFailures() {
  if (entries_.size() <= kAddressesKept) {
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(entries_, [now](const auto& entry) {
    const Entry& state = entry.second;
    return state.connection == nullptr && state.attempt == nullptr && state.back_off.isOver(now);
  });
}

void Client::Impl::onClosed(const std::shared_ptr<TcpConnection>& connection) {
  {
    MutexLock lock(mutex_);
    const auto entry = entries_.find(connection->name());
    if (entry != entries_.end() && entry->second.connection == connection) {
      entries_.erase(entry);
    }
  }
  if (options_.on_closed) {
    options_.on_closed(connection, connection->name());
  }
  gate_.leave();
}

ConnectionPtr Client::Impl::openConnection(const std::string& address) const {
  MutexLock lock(mutex_);
  const auto entry = entries_.find(address);
  if (entry == entries_.end() || entry->second.connection == nullptr ||
      !entry->second.connection->isOpen()) {
    return nullptr;
  }
  return entry->second.connection;
}

void Client::Impl::closeAddress(const std::string& address, std::string_view reason) {
  std::shared_ptr<TcpConnection> connection;
  {
    MutexLock lock(mutex_);
    const auto entry = entries_.find(address);
    if (entry == entries_.end() || entry->second.connection == nullptr) {
      return;
    }
    connection = std::move(entry->second.connection);
    entries_.erase(entry);
  }
  connection->close(reason);
}

void Client::Impl::stop() {
  std::vector<std::shared_ptr<ConnectAttempt>> attempts;
  std::vector<std::shared_ptr<TcpConnection>> connections;
  {
    MutexLock lock(mutex_);
    is_stopped_ = true;
    gate_.close();
    for (const auto& [address, entry] : entries_) {
      if (entry.attempt != nullptr) {
        attempts.push_back(entry.attempt);
      }
      if (entry.connection != nullptr) {
        connections.push_back(entry.connection);
      }
    }
  }
  for (const auto& connection : connections) {
    connection->close("the client is stopped");
  }
  for (const auto& attempt : attempts) {
    attempt->cancel();
  }
  gate_.waitEmpty(Deadline::max());
}

Client::Client(IoPool& pool, const Router* router, Options options)
    : impl_(std::make_shared<Impl>(pool, router, std::move(options))) {
  impl_->start();
}

Client::~Client() { stop(); }

void Client::connect(const std::string& address, Deadline deadline, ConnectCallback callback) {
  impl_->connect(address, deadline, std::move(callback));
}

ConnectionPtr Client::openConnection(const std::string& address) const {
  return impl_->openConnection(address);
}

void Client::closeAddress(const std::string& address, std::string_view reason) {
  impl_->closeAddress(address, reason);
}

void Client::stop() { impl_->stop(); }

void Client::logDropped(const std::string& address, RequestCode code, const Status& why) {
  static OutageLog& outages = *new OutageLog;  // Static clients still ask when they end.
  if (!why.isOk() && outages.admit(address)) {
    log::warn("one-way {} to {} dropped: {}", toString(code), address, why.message());
  }
}

}  // namespace rocketmq::remoting

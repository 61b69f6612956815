#include "remoting/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include "common/log.h"
#include "common/mutex.h"
#include "remoting/acceptor.h"
#include "remoting/tcp_connection.h"

namespace rocketmq::remoting {
namespace {

constexpr std::chrono::seconds kRefusalLogPeriod{1};
/// Then other work of the thread comes first: sockets come by the thousand, and to open one takes
/// about as long as a small request.
constexpr size_t kOpenedPerTurn = 16;

}  // namespace

/// Accepts on the pool's first thread and hands the sockets to all threads in turn. Each thread has
/// a shard with its connections, which nobody else touches.
class Server::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(IoPool& pool, const Router& router, Options options)
      : pool_(pool), router_(router), options_(std::move(options)), shards_(pool.size()) {}

  Status start();
  void stop(std::chrono::milliseconds timeout);

  uint16_t port() const { return acceptor_->port(); }

  size_t connectionCount() const {
    MutexLock lock(mutex_);
    return connections_;
  }

 private:
  /// All but the settings and the arrivals is touched on the shard's own thread only.
  struct Shard {
    std::shared_ptr<const TcpConnection::Settings> settings;
    Mutex arrivals_mutex;
    /// Counted by countOne(), which bounds them. While there are some, openSome() is under way.
    std::deque<Descriptor> arrivals ROCKETMQ_GUARDED_BY(arrivals_mutex);
    std::unordered_map<uint64_t, std::shared_ptr<TcpConnection>> connections;
    bool is_draining = false;
  };

  void accept(Descriptor socket);
  void logRefusal();
  void openSome(size_t index);
  void open(size_t index, Descriptor socket);
  void onClosed(size_t index, const std::shared_ptr<TcpConnection>& connection);

  bool countOne();
  void uncountOne();
  bool waitUntilNoneIsLeft(std::chrono::steady_clock::time_point until);
  void postToShards(void (Impl::*method)(Shard&));
  void drainShard(Shard& shard);
  void closeShard(Shard& shard);

  IoPool& pool_;
  const Router& router_;
  const Options options_;
  std::vector<Shard> shards_;
  std::shared_ptr<Acceptor> acceptor_;

  // The acceptor's thread only.
  size_t next_shard_ = 0;
  uint64_t refused_ = 0;
  std::chrono::steady_clock::time_point refusal_logged_at_;

  mutable Mutex mutex_;
  CondVar none_left_;
  /// Open connections and sockets on their way to their thread.
  size_t connections_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  bool is_stopping_ ROCKETMQ_GUARDED_BY(mutex_) = false;
};

Status Server::Impl::start() {
  const auto memory = std::make_shared<ConnectionMemory>(options_.limits);
  for (size_t index = 0; index < shards_.size(); ++index) {
    TcpConnection::Settings settings;
    settings.memory = memory;
    settings.router = &router_;
    settings.limits = options_.limits;
    settings.tls_server = options_.tls;
    // stop() waits for these calls, and the last one must not see the server vanish under it.
    settings.on_closed = [weak = weak_from_this(),
                          index](const std::shared_ptr<TcpConnection>& connection) {
      if (const auto self = weak.lock()) {
        self->onClosed(index, connection);
      }
    };
    shards_[index].settings = std::make_shared<const TcpConnection::Settings>(std::move(settings));
  }
  auto acceptor = Acceptor::open(pool_.context(0), options_.bind_address, options_.port);
  ROCKETMQ_RETURN_IF_ERROR(acceptor.status());
  acceptor_ = std::move(*acceptor);
  acceptor_->start([self = shared_from_this()](Descriptor socket, asio::ip::tcp) {
    self->accept(std::move(socket));
  });
  return Status::ok();
}

void Server::Impl::accept(Descriptor socket) {
  if (!countOne()) {
    logRefusal();
    return;
  }
  const size_t index = next_shard_++ % shards_.size();
  Shard& shard = shards_[index];
  bool is_first = false;
  {
    MutexLock lock(shard.arrivals_mutex);
    is_first = shard.arrivals.empty();
    shard.arrivals.push_back(std::move(socket));
  }
  if (is_first) {
    asio::post(pool_.context(index), [self = shared_from_this(), index] { self->openSome(index); });
  }
}

void Server::Impl::openSome(size_t index) {
  Shard& shard = shards_[index];
  for (size_t opened = 1;; ++opened) {
    Descriptor socket;
    {
      MutexLock lock(shard.arrivals_mutex);
      socket = std::move(shard.arrivals.front());
    }
    open(index, std::move(socket));
    MutexLock lock(shard.arrivals_mutex);
    shard.arrivals.pop_front();
    if (shard.arrivals.empty()) {
      return;
    }
    if (opened == kOpenedPerTurn) {
      break;
    }
  }
  asio::post(pool_.context(index), [self = shared_from_this(), index] { self->openSome(index); });
}

void Server::Impl::logRefusal() {
  ++refused_;
  const auto now = std::chrono::steady_clock::now();
  if (now - refusal_logged_at_ >= kRefusalLogPeriod) {
    refusal_logged_at_ = now;
    log::warn("port {}: refused {} connections so far, {} are open already", port(), refused_,
              connectionCount());
  }
}

void Server::Impl::open(size_t index, Descriptor socket) {
  IoThread& thread = IoThread::of(pool_.context(index));
  const int on = 1;
  // Fails when the peer has gone already, which reading will notice.
  static_cast<void>(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));

  Shard& shard = shards_[index];
  const auto connection =
      std::make_shared<TcpConnection>(thread, std::move(socket), std::string(), shard.settings);
  shard.connections.emplace(connection->id(), connection);
  connection->start();
  if (shard.is_draining) {
    connection->drain();
  }
}

void Server::Impl::onClosed(size_t index, const std::shared_ptr<TcpConnection>& connection) {
  if (options_.on_closed) {
    options_.on_closed(connection);
  }
  shards_[index].connections.erase(connection->id());
  uncountOne();
}

bool Server::Impl::countOne() {
  MutexLock lock(mutex_);
  if (connections_ >= options_.connections_max || (options_.quota && !options_.quota->take())) {
    return false;
  }
  ++connections_;
  return true;
}

void Server::Impl::uncountOne() {
  if (options_.quota) {
    options_.quota->giveBack();
  }
  MutexLock lock(mutex_);
  if (--connections_ == 0) {
    none_left_.notifyAll();
  }
}

bool Server::Impl::waitUntilNoneIsLeft(std::chrono::steady_clock::time_point until) {
  MutexLock lock(mutex_);
  while (connections_ > 0) {
    if (!none_left_.waitUntil(mutex_, until) && connections_ > 0) {
      return false;
    }
  }
  return true;
}

void Server::Impl::postToShards(void (Impl::*method)(Shard&)) {
  for (size_t index = 0; index < shards_.size(); ++index) {
    asio::post(pool_.context(index), [self = shared_from_this(), index, method] {
      ((*self).*method)(self->shards_[index]);
    });
  }
}

void Server::Impl::drainShard(Shard& shard) {
  shard.is_draining = true;
  for (const auto& [id, connection] : shard.connections) {
    connection->drain();
  }
}

void Server::Impl::closeShard(Shard& shard) {
  for (const auto& [id, connection] : shard.connections) {
    connection->close("the server stops");
  }
}

void Server::Impl::stop(std::chrono::milliseconds timeout) {
  constexpr auto kForever = std::chrono::steady_clock::time_point::max();
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  bool is_first = false;
  {
    MutexLock lock(mutex_);
    is_first = !std::exchange(is_stopping_, true);
  }
  if (is_first) {
    acceptor_->stop();
    postToShards(&Impl::drainShard);
    if (!waitUntilNoneIsLeft(deadline)) {
      log::info("port {}: closing {} connections that still wait for answers", port(),
                connectionCount());
      postToShards(&Impl::closeShard);
    }
  }
  waitUntilNoneIsLeft(kForever);
}

Server::Server(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::start(IoPool& pool, const Router& router, Options options) {
  auto impl = std::make_shared<Impl>(pool, router, std::move(options));
  ROCKETMQ_RETURN_IF_ERROR(impl->start());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() { stop(std::chrono::milliseconds(0)); }

uint16_t Server::port() const { return impl_->port(); }

size_t Server::connectionCount() const { return impl_->connectionCount(); }

void Server::stop(std::chrono::milliseconds timeout) { impl_->stop(timeout); }

}  // namespace rocketmq::remoting

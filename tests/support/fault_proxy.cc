#include "tests/support/fault_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <deque>
#include <list>
#include <random>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/descriptor.h"
#include "common/mutex.h"
#include "common/thread.h"

namespace rocketmq::test {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kHeldBytesMax = 1 << 20;
constexpr size_t kReadBytes = 64 << 10;

/// Closes a socket so that the peer sees a reset.
void abortSocket(Descriptor& socket) {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  socket.reset();
}

sockaddr_in addressOf(const std::string& ip, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ROCKETMQ_CHECK(inet_pton(AF_INET, ip.c_str(), &address.sin_addr) == 1);
  return address;
}

Descriptor tcpSocket() {
  Descriptor result(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  ROCKETMQ_CHECK(result.valid());
  const int on = 1;
  setsockopt(result.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(result.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  return result;
}

bool wouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINPROGRESS; }

/// How the line behaves.
struct Line {
  bool answers_vanish = false;
  bool requests_vanish = false;
  std::chrono::milliseconds delay{0};
  int loss_percent = 0;
  std::chrono::milliseconds resend{0};
};

/// What has been read on one side and not been written to the other.
struct Held {
  struct Piece {
    std::string bytes;
    Clock::time_point due;
  };
  std::deque<Piece> pieces;
  size_t bytes = 0;
  bool ended = false;     // The reading side has closed.
  bool cut_here = false;  // After what is held, the connection is reset.

  bool mayRead() const { return !ended && !cut_here && bytes < kHeldBytesMax; }
  bool isDue(Clock::time_point now) const { return !pieces.empty() && pieces.front().due <= now; }
};

struct Link {
  Descriptor client;
  Descriptor server;
  Held to_server;
  Held to_client;
  bool server_is_gone = false;  // Half open.
};

}  // namespace

class FaultProxy::Impl {
 public:
  Impl(uint16_t target_port, const std::string& ip, uint16_t port)
      : target_(addressOf("127.0.0.1", target_port)),
        listener_(tcpSocket()),
        wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    sockaddr_in address = addressOf(ip, port);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    ROCKETMQ_CHECK(bind(listener_.get(), generic, size) == 0);
    ROCKETMQ_CHECK(listen(listener_.get(), 128) == 0);
    ROCKETMQ_CHECK(getsockname(listener_.get(), generic, &size) == 0);
    address_ = ip + ":" + std::to_string(ntohs(address.sin_port));
    thread_ = NamedThread("fault-proxy", [this] { run(); });
  }

  ~Impl() {
    stopping_.store(true);
    wakeUp();
    thread_.join();
  }

  const std::string& address() const { return address_; }

  void set(const Line& line) {
    MutexLock lock(mutex_);
    line_ = line;
    wakeUp();
  }

  void seed(uint64_t seed) {
    MutexLock lock(mutex_);
    random_.seed(seed);
  }

  void halfOpen() {
    MutexLock lock(mutex_);
    for (Link& link : links_) {
      link.server.reset();
      link.server_is_gone = true;
    }
    wakeUp();
  }

  std::atomic<int> cut_answers{0};
  std::atomic<int> cut_requests{0};
  std::atomic<int> cuts{0};
  std::atomic<int> losses{0};
  std::atomic<int> connections{0};

 private:
  void wakeUp() const {
    const uint64_t one = 1;
    ROCKETMQ_CHECK(::write(wake_.get(), &one, sizeof(one)) == sizeof(one));
  }

  void run() {
    while (!stopping_.load()) {
      std::vector<pollfd> waited;
      int timeout_ms = -1;
      {
        MutexLock lock(mutex_);
        moveAll();
        waited = whatToWaitFor(timeout_ms);
      }
      poll(waited.data(), waited.size(), timeout_ms);
      uint64_t ignored = 0;
      while (::read(wake_.get(), &ignored, sizeof(ignored)) > 0) {
      }
    }
  }

  std::vector<pollfd> whatToWaitFor(int& timeout_ms) const ROCKETMQ_REQUIRES(mutex_) {
    std::vector<pollfd> waited{{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    const auto now = Clock::now();
    struct Way {
      const Held& held;
      bool vanishes;
    };
    const auto side = [&](const Descriptor& socket, const Way& in, const Way& way_out) {
      const Held& out = way_out.held;
      short events = in.held.mayRead() && !in.vanishes ? POLLIN : 0;
      events = static_cast<short>(events | (out.isDue(now) && !way_out.vanishes ? POLLOUT : 0));
      if (socket.valid() && events != 0) {
        waited.push_back({socket.get(), events, 0});
      }
      if (!out.pieces.empty() && !out.isDue(now) && !way_out.vanishes) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(out.pieces.front().due - now);
        const int ms = static_cast<int>(left.count());
        timeout_ms = timeout_ms < 0 ? ms : std::min(timeout_ms, ms);
      }
    };
    for (const Link& link : links_) {
      const Way to_server{link.to_server, line_.requests_vanish};
      const Way to_client{link.to_client, line_.answers_vanish};
      side(link.client, to_server, to_client);
      side(link.server, to_client, to_server);
    }
    return waited;
  }

  void moveAll() ROCKETMQ_REQUIRES(mutex_) {
    acceptAll();
    for (auto link = links_.begin(); link != links_.end();) {
      link = moveBytes(*link) ? std::next(link) : links_.erase(link);
    }
  }

  void acceptAll() ROCKETMQ_REQUIRES(mutex_) {
    for (;;) {
      Descriptor client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!client.valid()) {
        return;
      }
      connections.fetch_add(1);
      Descriptor server = tcpSocket();
      connect(server.get(), reinterpret_cast<const sockaddr*>(&target_), sizeof(target_));
      Link& link = links_.emplace_back();
      link.client = std::move(client);
      link.server = std::move(server);
    }
  }

  /// False when the link has come to its end.
  bool moveBytes(Link& link) ROCKETMQ_REQUIRES(mutex_) {
    const bool requests = !line_.requests_vanish;
    const bool answers = !line_.answers_vanish;
    const bool alive =
        (!requests || readInto(link.to_server, link.client, cut_requests)) &&
        (!answers || link.server_is_gone || readInto(link.to_client, link.server, cut_answers));
    if (link.server_is_gone) {
      link.to_server.pieces.clear();
      link.to_server.bytes = 0;
      return alive && !link.to_server.ended;
    }
    const bool written = (!requests || writeFrom(link.to_server, link.server)) &&
                         (!answers || writeFrom(link.to_client, link.client));
    const bool cut = (link.to_server.cut_here && link.to_server.pieces.empty()) ||
                     (link.to_client.cut_here && link.to_client.pieces.empty());
    if (cut) {
      cuts.fetch_add(1);
      abortSocket(link.client);
      abortSocket(link.server);
      return false;
    }
    const bool finished = (link.to_server.ended && link.to_server.pieces.empty()) ||
                          (link.to_client.ended && link.to_client.pieces.empty());
    return alive && written && !finished;
  }

  bool readInto(Held& held, const Descriptor& from, std::atomic<int>& cuts_left)
      ROCKETMQ_REQUIRES(mutex_) {
    std::array<char, kReadBytes> buffer;
    while (held.mayRead()) {
      const ssize_t got = recv(from.get(), buffer.data(), buffer.size(), 0);
      if (got < 0) {
        return wouldBlock() || errno == ENOTCONN;
      }
      if (got == 0) {
        held.ended = true;
        return true;
      }
      auto size = static_cast<size_t>(got);
      if (cuts_left.load() > 0) {
        cuts_left.fetch_sub(1);
        held.cut_here = true;
        size /= 2;
      }
      held.pieces.push_back({std::string(buffer.data(), size), dueTime()});
      held.bytes += size;
    }
    return true;
  }

  Clock::time_point dueTime() ROCKETMQ_REQUIRES(mutex_) {
    const auto due = Clock::now() + line_.delay;
    if (std::uniform_int_distribution(0, 99)(random_) >= line_.loss_percent) {
      return due;
    }
    losses.fetch_add(1);
    return due + line_.resend;
  }

  static bool writeFrom(Held& held, const Descriptor& to) {
    while (held.isDue(Clock::now())) {
      std::string& bytes = held.pieces.front().bytes;
      const ssize_t sent = send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) {
        return wouldBlock() || errno == ENOTCONN;
      }
      held.bytes -= static_cast<size_t>(sent);
      bytes.erase(0, static_cast<size_t>(sent));
      if (bytes.empty()) {
        held.pieces.pop_front();
      }
    }
    return true;
  }

  const sockaddr_in target_;
  std::string address_;
  Descriptor listener_;
  Descriptor wake_;
  std::atomic<bool> stopping_{false};
  Mutex mutex_;
  std::list<Link> links_ ROCKETMQ_GUARDED_BY(mutex_);
  Line line_ ROCKETMQ_GUARDED_BY(mutex_);
  std::mt19937_64 random_ ROCKETMQ_GUARDED_BY(mutex_);
  NamedThread thread_;
};

FaultProxy::FaultProxy(uint16_t target_port, const std::string& listen_ip, uint16_t listen_port)
    : impl_(std::make_unique<Impl>(target_port, listen_ip, listen_port)) {}

FaultProxy::~FaultProxy() = default;

std::string FaultProxy::address() const { return impl_->address(); }

void FaultProxy::pass() { impl_->set({}); }

void FaultProxy::delay(std::chrono::milliseconds delay) { impl_->set({.delay = delay}); }

void FaultProxy::blackHole() { impl_->set({.answers_vanish = true, .requests_vanish = true}); }

void FaultProxy::blackHoleAnswers() { impl_->set({.answers_vanish = true}); }

void FaultProxy::blackHoleRequests() { impl_->set({.requests_vanish = true}); }

void FaultProxy::lose(int percent, std::chrono::milliseconds resend, uint64_t seed) {
  impl_->seed(seed);
  impl_->set({.loss_percent = percent, .resend = resend});
}

int FaultProxy::losses() const { return impl_->losses.load(); }

void FaultProxy::halfOpen() { impl_->halfOpen(); }

void FaultProxy::cutAnswers(int count) { impl_->cut_answers.store(count); }

void FaultProxy::cutRequests(int count) { impl_->cut_requests.store(count); }

int FaultProxy::cuts() const { return impl_->cuts.load(); }

int FaultProxy::connections() const { return impl_->connections.load(); }

}  // namespace rocketmq::test

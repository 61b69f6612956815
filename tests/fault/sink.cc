#include "tests/fault/sink.h"

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <utility>

#include "common/bytes.h"
#include "common/check.h"
#include "tests/fault/hostile_support.h"

namespace rocketmq::test {
namespace {

constexpr size_t kLengthWordBytes = 4;
constexpr size_t kFrameBytesMax = 16 << 20;  // As that of the daemons.
constexpr size_t kReadBytes = 64 << 10;
/// Then the others' turn comes.
constexpr int kSocketsPerTurn = 16;

}  // namespace

Sink::Sink()
    : answer_(hostileFrame(0, "", {}, 1, 1)),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      stop_(eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ROCKETMQ_CHECK(bind(listener_.get(), generic, size) == 0);
  ROCKETMQ_CHECK(listen(listener_.get(), SOMAXCONN) == 0);
  ROCKETMQ_CHECK(getsockname(listener_.get(), generic, &size) == 0);
  port_ = ntohs(address.sin_port);
  watch(listener_.get());
  watch(stop_.get());
  thread_ = NamedThread("sink", [this] { serve(); });
}

Sink::~Sink() {
  ROCKETMQ_CHECK(eventfd_write(stop_.get(), 1) == 0);
  thread_.join();
}

void Sink::watch(int descriptor) const {
  epoll_event event{.events = EPOLLIN, .data = {.fd = descriptor}};
  ROCKETMQ_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0);
}

void Sink::serve() {
  std::array<epoll_event, 64> events;
  for (;;) {
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int descriptor = events[static_cast<size_t>(i)].data.fd;
      if (descriptor == stop_.get()) {
        return;
      }
      if (descriptor == listener_.get()) {
        accept();
        continue;
      }
      const auto peer = peers_.find(descriptor);
      if (!read(peer->second)) {
        peers_.erase(peer);
      }
    }
  }
}

void Sink::accept() {
  for (int i = 0; i < kSocketsPerTurn; ++i) {
    Descriptor socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.valid()) {
      return;
    }
    const int fd = socket.get();
    watch(fd);
    peers_.emplace(fd, Peer{.socket = std::move(socket), .received = {}});
  }
}

bool Sink::read(Peer& peer) const {
  std::array<char, kReadBytes> bytes;
  const ssize_t got = recv(peer.socket.get(), bytes.data(), bytes.size(), 0);
  if (got <= 0) {
    return got < 0 && errno == EAGAIN;
  }
  std::string& received = peer.received;
  received.append(bytes.data(), static_cast<size_t>(got));
  std::string answers;
  size_t at = 0;
  while (received.size() - at >= kLengthWordBytes) {
    const auto length = loadBigEndian<uint32_t>(received.data() + at);
    if (length > kFrameBytesMax) {
      return false;
    }
    if (received.size() - at < kLengthWordBytes + length) {
      break;
    }
    at += kLengthWordBytes + length;
    answers += answer_;
  }
  received.erase(0, at);
  // Attackers that read never have more on their way than a socket holds; the others lose theirs.
  static_cast<void>(send(peer.socket.get(), answers.data(), answers.size(), MSG_NOSIGNAL));
  return true;
}

}  // namespace rocketmq::test

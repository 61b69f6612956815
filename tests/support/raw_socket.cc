#include "tests/support/raw_socket.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "common/bytes.h"
#include "common/check.h"

namespace rocketmq::test {
namespace {

constexpr int kWaitMs = 10'000;
constexpr size_t kLengthWordBytes = 4;

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool waitFor(int socket, short events, int timeout_ms) {
  pollfd waited{.fd = socket, .events = events, .revents = 0};
  return poll(&waited, 1, timeout_ms) == 1;
}

bool readExactly(int socket, char* out, size_t size) {
  while (size > 0) {
    const ssize_t got = waitFor(socket, POLLIN, kWaitMs) ? recv(socket, out, size, 0) : 0;
    if (got <= 0) {
      return false;
    }
    out += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

}  // namespace

RawSocket RawSocket::connectTo(uint16_t port, int receive_buffer_bytes) {
  RawSocket result(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (receive_buffer_bytes > 0) {
    setsockopt(result.socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
               sizeof(receive_buffer_bytes));
  }
  const sockaddr_in address = loopback(port);
  ROCKETMQ_CHECK(
      connect(result.socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  return result;
}

RawSocket::RawSocket(RawSocket&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}

RawSocket::~RawSocket() { close(); }

void RawSocket::close() {
  if (socket_ >= 0) {
    ::close(std::exchange(socket_, -1));
  }
}

bool RawSocket::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        waitFor(socket_, POLLOUT, kWaitMs)
            ? send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT)
            : 0;
    if (written < 0 && errno == EAGAIN) {
      continue;
    }
    if (written <= 0) {
      return false;
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

void RawSocket::finishWriting() { shutdown(socket_, SHUT_WR); }

std::optional<std::string> RawSocket::readFrame() {
  std::string frame(kLengthWordBytes, '\0');
  if (!readExactly(socket_, frame.data(), frame.size())) {
    return std::nullopt;
  }
  const auto rest = loadBigEndian<uint32_t>(frame.data());
  frame.resize(kLengthWordBytes + rest);
  if (!readExactly(socket_, frame.data() + kLengthWordBytes, rest)) {
    return std::nullopt;
  }
  return frame;
}

std::optional<std::string> RawSocket::readBytes(size_t bytes) {
  std::string read(bytes, '\0');
  return readExactly(socket_, read.data(), bytes) ? std::optional(std::move(read)) : std::nullopt;
}

std::optional<std::string> RawSocket::readToEnd() {
  std::string bytes;
  std::array<char, 4096> part;
  while (waitFor(socket_, POLLIN, kWaitMs)) {
    const ssize_t got = recv(socket_, part.data(), part.size(), 0);
    if (got <= 0) {
      return bytes;
    }
    bytes.append(part.data(), static_cast<size_t>(got));
  }
  return std::nullopt;
}

bool RawSocket::readable(int timeout_ms) const { return waitFor(socket_, POLLIN, timeout_ms); }

RawListener::RawListener(int backlog) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  ROCKETMQ_CHECK(bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  ROCKETMQ_CHECK(listen(socket_, backlog) == 0);
  ROCKETMQ_CHECK(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
}

RawListener::~RawListener() { ::close(socket_); }

RawSocket RawListener::accept() {
  ROCKETMQ_CHECK(hasConnection(kWaitMs));
  const int accepted = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
  ROCKETMQ_CHECK(accepted >= 0);
  return RawSocket(accepted);
}

bool RawListener::hasConnection(int timeout_ms) const {
  return waitFor(socket_, POLLIN, timeout_ms);
}

uint16_t unusedPort() { return RawListener().port(); }

}  // namespace rocketmq::test

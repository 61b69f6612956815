#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include <asio/io_context.hpp>

#include "common/check.h"
#include "common/log.h"
#include "remoting/router.h"
#include "remoting/tcp_connection.h"
#include "tests/fuzz/fuzz_target.h"

// A server's connection with all that is in front of the frames: the first byte that tells TLS from
// plain, the TLS handshake, frames that come in pieces. The input is pieces, each behind its length
// of two bytes.

namespace rocketmq::remoting {
namespace {

struct Peer {
  Peer() {
    int sockets[2];
    ROCKETMQ_CHECK(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets) ==
                   0);
    server = sockets[0];
    client = sockets[1];
  }
  ~Peer() { ::close(client); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  int server = -1;
  int client = -1;
};

std::shared_ptr<TlsServer> tlsServer() {
  static const auto server = TlsServer::create(TlsSettings{});
  ROCKETMQ_CHECK(server.ok());
  return *server;
}

}  // namespace

ROCKETMQ_FUZZ_TARGET(connection, input) {
  static_cast<void>(log::setLevel("off"));
  const Router router(nullptr);
  bool is_closed = false;
  const auto settings = std::make_shared<TcpConnection::Settings>();
  settings->router = &router;
  settings->limits.unsent_bytes_max = 4096;
  settings->tls_server = tlsServer();
  settings->on_closed = [&is_closed](const auto&) { is_closed = true; };

  Peer peer;
  asio::io_context context(1);
  auto connection = std::make_shared<TcpConnection>(IoThread::of(context), Descriptor(peer.server),
                                                    "fuzz", settings);
  connection->start();
  fuzz::Input parts(input);
  while (!parts.empty() && !is_closed) {
    const std::string_view piece = parts.bytes(parts.word());
    if (!piece.empty()) {
      static_cast<void>(::send(peer.client, piece.data(), piece.size(), MSG_NOSIGNAL));
    }
    context.restart();
    context.poll();
  }
  ::shutdown(peer.client, SHUT_WR);
  char answers[4096];
  for (int turns = 0; !is_closed && turns < 1000; ++turns) {
    while (::recv(peer.client, answers, sizeof(answers), MSG_DONTWAIT) > 0) {
    }
    context.restart();
    context.poll();
  }
  ROCKETMQ_CHECK(is_closed);
  connection.reset();
}

}  // namespace rocketmq::remoting

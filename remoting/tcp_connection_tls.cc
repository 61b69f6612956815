#include <sys/socket.h>

#include <cerrno>

#include "common/log.h"
#include "remoting/tcp_connection.h"

// How a server's connection becomes ready for frames: TLS or plain, told by the first byte.

namespace rocketmq::remoting {
namespace {

/// The type of the record that begins every TLS connection; as the first byte of a plain frame it
/// would announce 350 MB.
constexpr char kTlsHandshakeRecord = 0x16;

}  // namespace

/// True when frames can be read now; otherwise when more bytes have come, or never.
bool TcpConnection::becomeReady() {
  return stage_ == Stage::kNew ? lookAtFirstByte() : continueHandshake();
}

bool TcpConnection::lookAtFirstByte() {
  char first = 0;
  const ssize_t got = ::recv(socket_.get(), &first, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got != 1) {
    // Nothing yet is waited for; an end or an error is for the read that follows.
    const bool is_early = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    may_read_ = !is_early;
    return !is_early;
  }
  const TlsMode mode = settings_->tls_server->mode();
  if (first == kTlsHandshakeRecord && mode != TlsMode::kDisabled) {
    return beginHandshake();
  }
  if (first == kTlsHandshakeRecord) {
    requestClose(CloseReason::Kind::kFault,
                 "the peer wants TLS, which tls.server.mode=disabled refuses: set it to "
                 "permissive, or useTLS=false (tls.enable) in the client");
  } else if (mode == TlsMode::kEnforcing) {
    requestClose(CloseReason::Kind::kFault,
                 "the peer does not use TLS, which tls.server.mode=enforcing requires: set "
                 "useTLS=true (tls.enable) in the client");
  }
  stage_ = Stage::kReady;
  return !close_reason_;
}

bool TcpConnection::beginHandshake() {
  TlsServer& server = *settings_->tls_server;
  TlsServer::Turn turn =
      server.beginHandshake([weak = weak_from_this(), most = server.limits().handshakes_max] {
        if (const ConnectionPtr connection = weak.lock()) {
          connection->close("of " + std::to_string(most) +
                            " TLS handshakes under way this was the oldest");
        }
      });
  auto session = server.accept(socket_.get());
  if (!session.ok()) {
    requestClose(CloseReason::Kind::kFault, session.status().message());
    return false;
  }
  tls_ = std::move(*session);
  stage_ = Stage::kHandshake;
  handshake_ = std::make_unique<Handshake>(
      Handshake{.turn = std::move(turn),
                .timer = SteadyTimer(thread_.executor(), server.limits().handshake_timeout)});
  handshake_->timer.async_wait([self = self()](const asio::error_code& error) {
    if (!error && self->handshake_ != nullptr) {
      self->requestClose(
          CloseReason::Kind::kFault,
          "the TLS handshake was not over within " +
              std::to_string(self->settings_->tls_server->limits().handshake_timeout.count()) +
              " ms");
      self->settle();
    }
  });
  return continueHandshake();
}

bool TcpConnection::continueHandshake() {
  touch();
  switch (tls_->handshake()) {
    case TlsSession::Handshake::kDone:
      log::debug("connection {} to {} uses {}", id_, name_, tls_->description());
      stage_ = Stage::kReady;
      handshake_.reset();
      return true;
    case TlsSession::Handshake::kWantsRead:
      may_read_ = false;
      return false;
    case TlsSession::Handshake::kWantsWrite:
      waitWritable();
      return false;
    case TlsSession::Handshake::kFailed:
      requestClose(CloseReason::Kind::kFault, "the TLS handshake failed: " + tls_->error());
      return false;
  }
  return false;
}

}  // namespace rocketmq::remoting

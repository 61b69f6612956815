#include "remoting/tls/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "remoting/tls/openssl_error.h"
#include "remoting/tls/socket_bio.h"

namespace rocketmq::remoting {
namespace {

/// What one TLS record can carry.
constexpr size_t kRecordBytes = 16u << 10;
/// What one read() takes. A record costs a microsecond even when it carries a single byte.
constexpr size_t kRecordsPerRead = 64;
/// Key updates and their like that a peer may send without data between: each costs as much as
/// dozens of records, and OpenSSL handles them within one read as long as more of them are there.
constexpr int kMessagesMax = 16;

}  // namespace

void TlsSession::Free::operator()(ssl_st* session) const { SSL_free(session); }

Result<std::unique_ptr<TlsSession>> TlsSession::open(const TlsContext& context, int socket,
                                                     Side side) {
  std::unique_ptr<ssl_st, Free> session(SSL_new(context.get()));
  BIO* const bio = session == nullptr ? nullptr : newSocketBio(socket);
  if (bio == nullptr) {
    return Status::internal("cannot begin TLS: " + takeOpensslError());
  }
  SSL_set_bio(session.get(), bio, bio);
  if (side == Side::kServer) {
    SSL_set_accept_state(session.get());
  } else {
    SSL_set_connect_state(session.get());
  }
  return std::unique_ptr<TlsSession>(new TlsSession(std::move(session)));
}

TlsSession::Handshake TlsSession::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(session_.get());
  if (result == 1) {
    may_have_more_ = true;
    SSL_set_app_data(session_.get(), this);
    SSL_set_info_callback(session_.get(), noteMessage);
    return Handshake::kDone;
  }
  switch (SSL_get_error(session_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Handshake::kWantsRead;
    case SSL_ERROR_WANT_WRITE:
      return Handshake::kWantsWrite;
    default:
      keepError();
      return Handshake::kFailed;
  }
}

/// OpenSSL calls it when a message that came behind the handshake is done with, or an alert leaves.
void TlsSession::noteMessage(const ssl_st* session, int what, int result) {
  const bool is_done = (what & SSL_CB_EXIT) != 0 && result == 1;
  if (!is_done && what != SSL_CB_WRITE_ALERT) {
    return;
  }
  TlsSession& self = *static_cast<TlsSession*>(SSL_get_app_data(session));
  if (++self.messages_ > kMessagesMax) {
    // Nothing else gets OpenSSL out of its read; error_ says why.
    SSL_set_shutdown(self.session_.get(), SSL_RECEIVED_SHUTDOWN);
  }
}

ssize_t TlsSession::read(std::span<const iovec> parts) {
  size_t total = 0;
  size_t records = 0;
  for (const iovec& part : parts) {
    char* const into = static_cast<char*>(part.iov_base);
    for (size_t filled = 0; filled < part.iov_len;) {
      const ssize_t got = readPart(into + filled, part.iov_len - filled);
      if (got <= 0) {
        // An end or an error behind bytes is met again by the next call.
        may_have_more_ = total > 0 && (got == 0 || errno != EAGAIN || read_waits_for_room_);
        return total > 0 ? static_cast<ssize_t>(total) : got;
      }
      filled += static_cast<size_t>(got);
      total += static_cast<size_t>(got);
      if (std::exchange(messages_, 0) > 0 || ++records == kRecordsPerRead) {
        may_have_more_ = true;
        return static_cast<ssize_t>(total);
      }
    }
  }
  may_have_more_ = true;
  return static_cast<ssize_t>(total);
}

ssize_t TlsSession::readPart(char* into, size_t size) {
  if (!error_.empty()) {
    errno = EPROTO;
    return -1;
  }
  ERR_clear_error();
  size_t got = 0;
  const int result = SSL_read_ex(session_.get(), into, size, &got);
  read_waits_for_room_ = SSL_want_write(session_.get());
  if (messages_ > kMessagesMax) {
    error_ = "more than " + std::to_string(kMessagesMax) + " messages of TLS itself without data";
    errno = EPROTO;
    return -1;
  }
  return result == 1 ? static_cast<ssize_t>(got) : fail(result);
}

ssize_t TlsSession::write(std::span<const iovec> parts) {
  const iovec& first = parts.front();
  if (first.iov_len >= kRecordBytes || parts.size() == 1) {
    return writePart(static_cast<const char*>(first.iov_base), first.iov_len);
  }
  // Small pieces share a record: each has its cost in bytes, in work and in a call of the system.
  std::array<char, kRecordBytes> record;
  size_t size = 0;
  for (const iovec& part : parts) {
    const size_t taken = std::min(part.iov_len, record.size() - size);
    std::memcpy(record.data() + size, part.iov_base, taken);
    size += taken;
  }
  return writePart(record.data(), size);
}

ssize_t TlsSession::writePart(const char* bytes, size_t size) {
  if (!error_.empty()) {
    errno = EPROTO;
    return -1;
  }
  // A write that waits for bytes reads them, and maybe some that are for read().
  may_have_more_ = may_have_more_ || write_waits_for_bytes_;
  ERR_clear_error();
  size_t written = 0;
  const int result = SSL_write_ex(session_.get(), bytes, size, &written);
  write_waits_for_bytes_ = SSL_want_read(session_.get());
  if (result == 1) {
    return static_cast<ssize_t>(written);
  }
  const ssize_t failure = fail(result);
  if (failure == 0) {
    errno = EPIPE;
  }
  return -1;
}

/// What a read or write that has not succeeded comes to: 0 at the end, else -1 with errno.
ssize_t TlsSession::fail(int result) {
  switch (SSL_get_error(session_.get(), result)) {
    case SSL_ERROR_ZERO_RETURN:
      return 0;
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      errno = EAGAIN;
      return -1;
    default:
      keepError();
      errno = EPROTO;
      return -1;
  }
}

void TlsSession::keepError() {
  const int error_number = errno;
  const unsigned long first = ERR_peek_error();
  if (first == 0) {
    error_ = error_number == 0 ? "the peer closed the connection"
                               : std::error_code(error_number, std::system_category()).message();
    return;
  }
  error_ = takeOpensslError();
  // There is a verdict on a certificate that nobody has to check, too.
  if (ERR_GET_LIB(first) == ERR_LIB_SSL &&
      ERR_GET_REASON(first) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    const long verdict = SSL_get_verify_result(session_.get());
    error_ += std::string(" (") + X509_verify_cert_error_string(verdict) + ")";
  }
}

void TlsSession::shutdown() {
  if (error_.empty() && SSL_is_init_finished(session_.get()) == 1) {
    SSL_shutdown(session_.get());
  }
  ERR_clear_error();
}

std::string TlsSession::description() const {
  return std::string(SSL_get_version(session_.get())) + " " +
         SSL_CIPHER_get_name(SSL_get_current_cipher(session_.get()));
}

}  // namespace rocketmq::remoting

#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "common/status.h"
#include "remoting/tls/tls_context.h"

struct ssl_st;

namespace rocketmq::remoting {

/// TLS on one non-blocking socket. Has the manners of the system's own calls, so that a connection
/// reads and writes plain and TLS sockets alike.
///
/// Life: handshake() until it says kDone, then read() and write(). The socket is borrowed.
/// Threads: one.
class TlsSession {
 public:
  enum class Side : uint8_t { kServer, kClient };
  enum class Handshake : uint8_t { kDone, kWantsRead, kWantsWrite, kFailed };

  static Result<std::unique_ptr<TlsSession>> open(const TlsContext& context, int socket, Side side);

  /// Goes on as far as the socket lets it. After kFailed error() says why.
  Handshake handshake();

  /// As readv(): fills the parts in order as far as bytes are there; 0 at the end; -1 with errno
  /// EAGAIN when there are none for now, with EPROTO when error() says why. Takes so many records
  /// and messages of TLS itself that others on the thread need not wait for long.
  ssize_t read(std::span<const iovec> parts);
  /// The last read() stopped before everything was read: another one may find bytes although the
  /// socket has none.
  bool mayHaveMore() const { return may_have_more_; }

  /// As sendmsg(): -1 with errno EAGAIN when the socket takes no more for now, EPROTO as read().
  /// After EAGAIN the same bytes must come again, with others behind them if need be.
  ssize_t write(std::span<const iovec> parts);

  /// After an EAGAIN: what the socket must be ready for before the same call helps. A message of
  /// TLS itself that has come or gone by half turns the two round.
  bool readWaitsForRoom() const { return read_waits_for_room_; }
  bool writeWaitsForBytes() const { return write_waits_for_bytes_; }

  /// Says farewell to the peer, as far as the socket takes it.
  void shutdown();

  const std::string& error() const { return error_; }
  /// "TLSv1.3 TLS_AES_256_GCM_SHA384", for logs.
  std::string description() const;

 private:
  struct Free {
    void operator()(ssl_st* session) const;
  };

  explicit TlsSession(std::unique_ptr<ssl_st, Free> session) : session_(std::move(session)) {}
  static void noteMessage(const ssl_st* session, int what, int result);
  ssize_t readPart(char* into, size_t size);
  ssize_t writePart(const char* bytes, size_t size);
  ssize_t fail(int result);
  void keepError();

  const std::unique_ptr<ssl_st, Free> session_;
  std::string error_;
  int messages_ = 0;  ///< Of TLS itself, since the handshake or the last record with data.
  bool may_have_more_ = false;
  bool read_waits_for_room_ = false;
  bool write_waits_for_bytes_ = false;
};

}  // namespace rocketmq::remoting

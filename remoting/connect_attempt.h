#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <asio/ip/tcp.hpp>

#include "remoting/client.h"
#include "remoting/host_lookup.h"
#include "remoting/io_thread.h"
#include "remoting/socket_address.h"
#include "remoting/tls/tls_session.h"

namespace rocketmq::remoting {

/// An open socket, with TLS on it where that was asked for.
struct ConnectedSocket {
  TcpSocket socket;
  std::unique_ptr<TlsSession> tls;  ///< After its handshake; null: plain.
};

/// One try to connect to an address, shared by all who wait for it: looks the host up, tries the
/// addresses found one after the other, shakes hands under TLS, and gives up after a while.
///
/// Threads: start(), join() and cancel() any; everything else happens on the context's thread.
/// Life: ends by itself; late completions of the system find it ended and do nothing.
class ConnectAttempt : public std::enable_shared_from_this<ConnectAttempt> {
 public:
  struct Limits {
    std::chrono::milliseconds timeout;
    size_t waiters_max;
  };

  /// Turns the connected socket into a connection, or the reason of the failure into what the
  /// waiting callers are told. Called once, before them.
  using OnEnd = std::function<Result<ConnectionPtr>(Result<ConnectedSocket>)>;

  /// `address` is how messages call the target; `tls` is null for a plain connection. `lookup` is
  /// borrowed.
  ConnectAttempt(asio::io_context& context, HostLookup& lookup, std::string address,
                 HostAndPort target, std::shared_ptr<const TlsContext> tls, Limits limits,
                 OnEnd on_end);

  void start();

  /// Calls back once: with the attempt's outcome, or with Io when `deadline` comes first. False,
  /// with the callback left alone, when too many wait already.
  bool join(Deadline deadline, Client::ConnectCallback& callback);

  /// Ends the attempt with Closed, unless it has ended.
  void cancel();

 private:
  /// Somebody who waits, with a timer when the deadline comes before the attempt's own.
  struct Waiter {
    Client::ConnectCallback callback;
    Deadline deadline;
    std::chrono::milliseconds patience;  ///< From join() to the deadline.
    std::optional<SteadyTimer> timer;
  };
  using Waiters = std::list<Waiter>;

  void begin();
  void lookUp();
  void connectTo(std::vector<asio::ip::tcp::endpoint> endpoints);
  void onConnected(const asio::error_code& error);
  void beginTls();
  void continueTls();
  void addWaiter(Waiter added);
  void giveUpWaiting(Waiters::iterator waiter);
  void end(Result<ConnectedSocket> outcome);

  const IoExecutor executor_;
  HostLookup& lookup_;
  const std::string address_;
  const HostAndPort target_;
  const std::shared_ptr<const TlsContext> tls_context_;
  const Limits limits_;
  OnEnd on_end_;
  std::atomic<size_t> joined_ = 0;

  HostLookup::Ticket ticket_;
  TcpSocket socket_;
  std::unique_ptr<TlsSession> tls_;  // From the moment the handshake begins.
  SteadyTimer timer_;
  Deadline deadline_;
  Waiters waiters_;
  std::optional<Result<ConnectionPtr>> outcome_;  // Set when the attempt has ended.
};

}  // namespace rocketmq::remoting

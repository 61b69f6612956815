#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <asio/basic_socket_acceptor.hpp>
#include <asio/ip/tcp.hpp>

#include "common/descriptor.h"
#include "common/log_limiter.h"
#include "common/status.h"
#include "remoting/io_thread.h"

namespace rocketmq::remoting {

/// Listens on one port and gives away the sockets of those who connect.
///
/// Threads: start() and stop() any, but stop() not the context's; the sockets come on the context's
/// thread. When the process has no file descriptors left it tries again after 100 ms, with a
/// log line a second.
class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  /// Takes over a connected, non-blocking socket.
  using OnSocket = std::function<void(Descriptor socket, asio::ip::tcp protocol)>;

  /// Listens; from now on the system completes connections. Io names the address when it cannot be
  /// had, InvalidArgument when it is no IP address.
  static Result<std::shared_ptr<Acceptor>> open(asio::io_context& context,
                                                const std::string& address, uint16_t port);

  Acceptor(asio::io_context& context, asio::ip::tcp::endpoint endpoint);

  uint16_t port() const { return endpoint_.port(); }

  void start(OnSocket on_socket);
  /// Closes the port. No socket is given away after it has returned.
  void stop();

 private:
  Status listen();
  void waitForSockets();
  void acceptAll();
  void tryAgainLater(int error_number);

  asio::basic_socket_acceptor<asio::ip::tcp, IoExecutor> acceptor_;
  asio::ip::tcp::endpoint endpoint_;
  SteadyTimer retry_timer_;
  OnSocket on_socket_;
  LogLimiter failure_log_{1};
};

}  // namespace rocketmq::remoting

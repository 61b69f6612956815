#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/status.h"
#include "remoting/connection.h"
#include "remoting/connection_limits.h"
#include "remoting/connection_quota.h"
#include "remoting/io_pool.h"
#include "remoting/router.h"
#include "remoting/tls/tls_server.h"

namespace rocketmq::remoting {

/// Accepts connections on one port and routes their requests.
///
/// Life: start() -> stop(). stop() refuses new connections, lets what was received be answered, and
/// closes everything when `timeout` has passed; all on_closed calls have returned by then. The
/// destructor stops without waiting for answers. Threads: any, but start/stop and the destructor
/// not from a pool thread.
class Server {
 public:
  struct Options {
    std::string bind_address = "0.0.0.0";
    uint16_t port = 0;               ///< 0: the system picks one, see port().
    size_t connections_max = 65535;  ///< More are closed at once, with a log line a second.
    /// So are more than this; null: no other bound.
    std::shared_ptr<ConnectionQuota> quota = {};
    ConnectionLimits limits = {};
    /// Null: plain connections only, without a look at what they are.
    std::shared_ptr<TlsServer> tls = {};
    /// On the connection's thread, after its last request was handled.
    std::function<void(const ConnectionPtr&)> on_closed = {};
  };

  /// Io with the address in the message when the port cannot be had. `pool` and `router` are
  /// borrowed and must outlive the server.
  static Result<std::unique_ptr<Server>> start(IoPool& pool, const Router& router, Options options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  uint16_t port() const;
  size_t connectionCount() const;

  void stop(std::chrono::milliseconds timeout);

 private:
  class Impl;
  explicit Server(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace rocketmq::remoting

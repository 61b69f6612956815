#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "remoting/connection.h"
#include "remoting/connection_limits.h"
#include "remoting/io_pool.h"
#include "remoting/router.h"
#include "remoting/tls/tls_context.h"

namespace rocketmq::remoting {

/// Outgoing connections by address, opened when first needed and shared by all calls to that
/// address. After a failed connect the address is left alone for a short, growing time (100 ms up
/// to 1 s, doubled with each failure), during which calls fail at once with the reason.
///
/// Threads: any, stop() and the destructor not from a pool thread; callbacks run on a pool thread
/// and must not block. Life: stop() ends pending calls with Closed and closes all connections; then
/// nothing calls back any more. A call made after stop() ends with Closed before it returns.
class Client {
 public:
  struct Options {
    std::chrono::milliseconds connect_timeout{3000};
    Language language = Language::kCpp;
    /// Of the requests' headers; nullopt: JSON until an answer on the connection tells that the
    /// server's release reads binary ones (4.0.0), which cost less on both sides.
    std::optional<SerializeType> serialize_type = SerializeType::kJson;
    ConnectionLimits limits = {.silence_max = std::chrono::milliseconds(2'000)};
    /// Null: plain connections. The handshake is part of connecting and of its timeout.
    std::shared_ptr<const TlsContext> tls = {};
    /// Signs every request; null: none is signed.
    std::shared_ptr<const RequestSigner> signer = {};
    /// Called on the connection's thread when an established connection has gone.
    std::function<void(const ConnectionPtr&, const std::string& address)> on_closed = {};
  };

  /// `router` answers requests that come from the servers; null: all are
  /// REQUEST_CODE_NOT_SUPPORTED. `pool` and `router` are borrowed and must outlive the client.
  Client(IoPool& pool, const Router* router, Options options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  using ConnectCallback = UniqueFunction<void(Result<ConnectionPtr>)>;

  /// Gives the open connection to "host:port" (an IPv4 address, [IPv6] or a host name), connecting
  /// first if need be. Io names the address and why it cannot be reached, InvalidArgument an
  /// address that is none, Busy says that too many calls wait for the same address.
  void connect(const std::string& address, Deadline deadline, ConnectCallback callback);

  /// The connection to an address when there is one already, or null.
  ConnectionPtr openConnection(const std::string& address) const;

  /// Sends a request and calls `callback(CallResult<C>)` exactly once, by the deadline. Views
  /// inside `request` must stay valid until then.
  template <Command C, class Callback>
  void call(const std::string& address, C request, Payload body, Deadline deadline,
            Callback callback) {
    if (const ConnectionPtr open = openConnection(address)) {
      open->call(request, std::move(body), deadline, std::move(callback));
      return;
    }
    connect(address, deadline,
            [request = std::move(request), body = std::move(body), deadline,
             callback = std::move(callback)](Result<ConnectionPtr> connection) mutable {
              if (!connection.ok()) {
                callback(CallResult<C>(connection.status()));
                return;
              }
              (*connection)->call(request, std::move(body), deadline, std::move(callback));
            });
  }

  /// call() that waits. Not from a pool thread.
  template <Command C>
  CallResult<C> callSync(const std::string& address, C request, Payload body, Deadline deadline) {
    auto promise = std::make_shared<std::promise<CallResult<C>>>();
    auto future = promise->get_future();
    call(address, std::move(request), std::move(body), deadline,
         [promise](CallResult<C> result) { promise->set_value(std::move(result)); });
    return future.get();
  }

  /// Sends a request that nobody answers; dropped (and logged) when there is no connection by the
  /// deadline, or when the connection is congested.
  template <Command C>
  void oneway(const std::string& address, C request, Payload body, Deadline deadline) {
    if (const ConnectionPtr open = openConnection(address)) {
      logDropped(address, C::kCode, sendOneway(*open, request, std::move(body)));
      return;
    }
    connect(address, deadline,
            [address, request = std::move(request),
             body = std::move(body)](const Result<ConnectionPtr>& connection) mutable {
              logDropped(address, C::kCode,
                         connection.ok() ? sendOneway(**connection, request, std::move(body))
                                         : connection.status());
            });
  }

  /// Closes the connection to an address, if there is one.
  void closeAddress(const std::string& address, std::string_view reason);

  void stop();

 private:
  template <Command C>
  static Status sendOneway(Connection& connection, const C& request, Payload body) {
    if (connection.oneway(request, std::move(body))) {
      return Status::ok();
    }
    return Status::busy("the connection was closed or has too much to write");
  }
  /// Nothing when `why` is OK.
  static void logDropped(const std::string& address, RequestCode code, const Status& why);

  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace rocketmq::remoting

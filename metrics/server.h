#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/status.h"
#include "remoting/io_pool.h"
#include "remoting/lanes.h"

namespace rocketmq::metrics {

/// Answers `GET /metrics` over HTTP, one request per connection.
///
/// The connections live on one thread of the pool; the page is made on a lane. Whoever asks while
/// one is being made gets the same, as does everybody for a second after.
///
/// Bounds:  32 connections, one more closes the oldest that has not asked yet; 8 KiB of request; 10
/// s for a connection from
///          its first byte to its last. A lane that is full is answered 503.
/// Life:    start() -> destructor. Threads: any, but not a pool thread for the destructor.
class Server {
 public:
  struct Options {
    std::string bind_address = "0.0.0.0";
    uint16_t port = 0;  ///< 0: any free one, see port().
    remoting::Lane lane = remoting::Lane::kQuery;
  };
  /// Makes the page. On the lane, one at a time.
  using Render = std::function<std::string()>;

  /// Io when the port cannot be had, InvalidArgument when the address is none. The rest is
  /// borrowed: the lanes must be stopped, or outlive the server.
  static Result<std::unique_ptr<Server>> start(remoting::IoPool& pool, remoting::Lanes& lanes,
                                               const Options& options, Render render);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  uint16_t port() const;

 private:
  class Impl;
  explicit Server(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace rocketmq::metrics

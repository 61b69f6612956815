#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <asio/ip/tcp.hpp>

#include "common/message/host_address.h"
#include "common/status.h"

namespace rocketmq::remoting {

/// An endpoint as messages, logs and admin answers show it; IPv4 inside IPv6 becomes IPv4.
HostAddress toHostAddress(const asio::ip::tcp::endpoint& endpoint);

/// The two ends of a connected socket; 0.0.0.0:0 when the peer has gone already.
HostAddress localAddress(int socket);
HostAddress remoteAddress(int socket);

/// "host:port" in its parts; the host of "[::1]:80" without its brackets.
struct HostAndPort {
  std::string host;
  uint16_t port = 0;

  /// InvalidArgument when there is no host or the port is not a number from 1 to 65535.
  static Result<HostAndPort> parse(std::string_view text);
};

}  // namespace rocketmq::remoting

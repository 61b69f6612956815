#include "remoting/socket_address.h"

#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include <asio/ip/address.hpp>

namespace rocketmq::remoting {
namespace {

/// `name` is getsockname() or getpeername().
HostAddress addressBy(int (*name)(int, sockaddr*, socklen_t*), int socket) {
  asio::ip::tcp::endpoint endpoint;
  auto size = static_cast<socklen_t>(endpoint.capacity());
  if (name(socket, endpoint.data(), &size) != 0) {
    return toHostAddress({});
  }
  endpoint.resize(size);
  return toHostAddress(endpoint);
}

}  // namespace

HostAddress localAddress(int socket) { return addressBy(::getsockname, socket); }

HostAddress remoteAddress(int socket) { return addressBy(::getpeername, socket); }

HostAddress toHostAddress(const asio::ip::tcp::endpoint& endpoint) {
  HostAddress result;
  result.port = endpoint.port();
  asio::ip::address address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  result.is_ipv6 = address.is_v6();
  if (result.is_ipv6) {
    std::ranges::copy(address.to_v6().to_bytes(), result.bytes.begin());
  } else {
    std::ranges::copy(address.to_v4().to_bytes(), result.bytes.begin());
  }
  return result;
}

Result<HostAndPort> HostAndPort::parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  HostAndPort result;
  if (colon != std::string_view::npos) {
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) {
      host = host.substr(1, host.size() - 2);
    }
    const char* const end = port.data() + port.size();
    const auto [stop, error] = std::from_chars(port.data(), end, result.port);
    if (error == std::errc() && stop == end && result.port != 0 && !host.empty()) {
      result.host = host;
      return result;
    }
  }
  return Status::invalidArgument("'" + std::string(text) +
                                 "' is not an address like 10.0.0.1:10911 or broker-a:10911");
}

}  // namespace rocketmq::remoting

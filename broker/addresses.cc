#include "broker/addresses.h"

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string_view>
#include <utility>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace rocketmq::broker {
namespace {

Result<asio::ip::address> addressOf(std::string_view key, const std::string& text) {
  asio::error_code error;
  const auto address = asio::ip::make_address(text, error);
  if (error) {
    return Status::invalidArgument(std::string(key) + "=" + text + " is not an IP address");
  }
  return address;
}

Result<HeldPort> holdFreePort(const std::string& bind_address) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto address, addressOf("bindAddress", bind_address));
  asio::error_code error;
  asio::io_context context;
  asio::ip::tcp::acceptor acceptor(context);
  const asio::ip::tcp::endpoint any_port(address, 0);
  acceptor.open(any_port.protocol(), error);
  if (!error) {
    acceptor.set_option(asio::socket_base::reuse_address(true), error);
  }
  if (!error) {
    acceptor.bind(any_port, error);
  }
  if (error) {
    return Status::io("no port can be had on " + bind_address + ": " + error.message());
  }
  const uint16_t port = acceptor.local_endpoint(error).port();
  return HeldPort{.port = port, .socket = Descriptor(acceptor.release(error))};
}

Status twice(std::string_view key, int32_t port, std::string_view other) {
  return Status::invalidArgument(std::string(key) + "=" + std::to_string(port) +
                                 " is taken already, by " + std::string(other));
}

Status checkListening(const BrokerSettings& settings) {
  ROCKETMQ_RETURN_IF_ERROR(addressOf("bindAddress", settings.bind_address).status());
  ROCKETMQ_RETURN_IF_ERROR(addressOf("metricsBindAddress", settings.metrics_bind_address).status());
  const int32_t port = settings.listen_port;
  if (settings.ha_listen_port == port) {
    return twice("haListenPort", port, "listenPort");
  }
  const int32_t metrics_port = settings.metrics_port;
  if (metrics_port != 0 && (metrics_port == port || metrics_port == settings.ha_listen_port ||
                            metrics_port == port - kVipPortDistance)) {
    return twice("metricsPort", metrics_port, "listenPort, the port two below it, or haListenPort");
  }
  return Status::ok();
}

}  // namespace

Result<HostAddress> resolveAdvertised(const std::string& host, int32_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    return Status::invalidArgument("brokerIP1=" + host +
                                   " is neither an IP address nor a host "
                                   "name that can be resolved: " +
                                   ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, &::freeaddrinfo);
  std::array<char, 64> text{};
  const int failed = ::getnameinfo(found->ai_addr, found->ai_addrlen, text.data(),
                                   static_cast<socklen_t>(text.size()), nullptr, 0, NI_NUMERICHOST);
  if (failed != 0) {
    return Status::invalidArgument("brokerIP1=" + host + ": " + ::gai_strerror(failed));
  }
  const std::string ip = text.data();
  const std::string bracketed = found->ai_family == AF_INET6 ? "[" + ip + "]" : ip;
  return HostAddress::parse(bracketed + ":" + std::to_string(port));
}

Result<HeldPorts> pickPorts(BrokerSettings& settings) {
  HeldPorts held;
  const bool is_any = settings.listen_port == 0;
  if (is_any) {
    ROCKETMQ_ASSIGN_OR_RETURN(held.emplace_back(), holdFreePort(settings.bind_address));
    settings.listen_port = held.back().port;
  }
  if (settings.ha_listen_port == 0 && is_any) {
    // The next port may be somebody else's.
    ROCKETMQ_ASSIGN_OR_RETURN(held.emplace_back(), holdFreePort(settings.bind_address));
    settings.ha_listen_port = held.back().port;
  } else if (settings.ha_listen_port == 0) {
    settings.ha_listen_port = settings.listen_port + 1;
  }
  if (settings.ha_listen_port > 65535) {
    return Status::invalidArgument("listenPort=65535 leaves no port for slaves: set haListenPort");
  }
  ROCKETMQ_RETURN_IF_ERROR(checkListening(settings));
  return held;
}

}  // namespace rocketmq::broker

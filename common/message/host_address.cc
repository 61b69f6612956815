#include "common/message/host_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <cstring>

namespace rocketmq {
namespace {

size_t addressBytes(bool is_ipv6) { return is_ipv6 ? 16 : 4; }

Status badAddress(std::string_view text) {
  std::string message = "'";
  message += text;
  message += "' is not an address like 10.0.0.1:10911 or [2001:db8::1]:10911";
  return Status::invalidArgument(std::move(message));
}

/// False unless `text` is a decimal port from 0 to 65535.
bool parsePort(std::string_view text, int32_t& port) {
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, port);
  return !text.empty() && error == std::errc{} && stopped == end && port >= 0 && port <= 65535;
}

}  // namespace

Result<HostAddress> HostAddress::parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  HostAddress address;
  if (colon == std::string_view::npos || !parsePort(text.substr(colon + 1), address.port)) {
    return badAddress(text);
  }
  std::string_view host = text.substr(0, colon);
  address.is_ipv6 = host.starts_with('[') && host.ends_with(']');
  if (address.is_ipv6) {
    host = host.substr(1, host.size() - 2);
  }
  const int family = address.is_ipv6 ? AF_INET6 : AF_INET;
  // A NUL inside would hide what follows it from inet_pton.
  if (host.find('\0') != std::string_view::npos ||
      inet_pton(family, std::string(host).c_str(), address.bytes.data()) != 1) {
    return badAddress(text);
  }
  return address;
}

void HostAddress::encodeTo(char* out) const {
  const size_t size = addressBytes(is_ipv6);
  std::memcpy(out, bytes.data(), size);
  storeBigEndian(out + size, port);
}

HostAddress HostAddress::decode(ByteReader& reader, bool is_ipv6) {
  const size_t size = addressBytes(is_ipv6);
  const std::string_view encoded = reader.readBytes(static_cast<int64_t>(size + sizeof(int32_t)));
  if (encoded.empty()) {
    return {};
  }
  HostAddress address;
  address.is_ipv6 = is_ipv6;
  std::memcpy(address.bytes.data(), encoded.data(), size);
  address.port = loadBigEndian<int32_t>(encoded.data() + size);
  return address;
}

std::string HostAddress::toString() const {
  std::string text = is_ipv6 ? "[" + ipString() + "]" : ipString();
  text += ':';
  text += std::to_string(port);
  return text;
}

std::string HostAddress::ipString() const {
  if (!is_ipv6) {
    // inet_ntop() goes through printf(), at each message of a consumer twice.
    std::array<char, INET_ADDRSTRLEN> text;
    char* end = text.data();
    for (size_t i = 0; i < 4; ++i) {
      if (i > 0) {
        *end++ = '.';
      }
      end = std::to_chars(end, text.data() + text.size(), bytes[i]).ptr;
    }
    return {text.data(), end};
  }
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(AF_INET6, bytes.data(), text, sizeof(text));
  return text;
}

}  // namespace rocketmq

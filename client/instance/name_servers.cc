#include "client/instance/name_servers.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <random>

#include "client/instance/system_properties.h"
#include "common/text.h"

namespace rocketmq::client {
namespace {

constexpr std::string_view kDefaultSubgroup = "nsaddr";
constexpr std::string_view kDefaultHttpPort = ":8080";

std::string endpointUrl(const std::string& domain, const ClientConfig& config) {
  std::string subgroup = systemProperty(system_property::kNameServerSubgroup);
  if (subgroup.empty()) {
    subgroup = kDefaultSubgroup;
  }
  std::string url = "http://" + domain;
  if (domain.find(':') == std::string::npos) {
    url += kDefaultHttpPort;
  }
  url += "/rocketmq/" + subgroup;
  if (!config.unit_name.empty()) {
    url += "-" + config.unit_name + "?nofix=1";
  }
  return url;
}

/// Without "http://", as addresses of cloud services are written: what they name is no web server
/// (RocketMQ: ClientConfig.getNamesrvAddr).
std::string_view withoutScheme(std::string_view address) {
  constexpr std::string_view kScheme = "http://";
  return address.starts_with(kScheme) ? address.substr(kScheme.size()) : address;
}

/// Precondition: isHostAndPort(address).
int64_t portOf(std::string_view address) {
  const std::string_view digits = address.substr(address.rfind(':') + 1);
  int64_t port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port;
}

Status wrongAddress(std::string_view text, const std::string& fault) {
  return Status::invalidArgument("name server address \"" + std::string(text) + "\" " + fault +
                                 "; write for instance 127.0.0.1:9876;192.168.0.1:9876");
}

}  // namespace

Result<std::vector<std::string>> parseAddressList(std::string_view text) {
  std::vector<std::string> addresses;
  for (const std::string_view entry : splitTrimmedList(text, ';')) {
    const std::string_view address = withoutScheme(entry);
    if (!isHostAndPort(address) || address.find('/') != std::string_view::npos) {
      return wrongAddress(entry, "is not host:port");
    }
    if (const int64_t port = portOf(address); port < 1 || port > 65535) {
      return wrongAddress(entry, "has no port from 1 to 65535");
    }
    addresses.emplace_back(address);
  }
  if (addresses.empty()) {
    return wrongAddress(text, "is no address");
  }
  return addresses;
}

Result<NameServerSource> findNameServerSource(const ClientConfig& config) {
  if (!config.namesrv_addr.empty()) {
    return NameServerSource{config.namesrv_addr, {}};
  }
  if (std::string text = systemProperty(system_property::kNameServerAddress); !text.empty()) {
    return NameServerSource{std::move(text), {}};
  }
  if (const char* text = std::getenv("NAMESRV_ADDR"); text != nullptr && *text != '\0') {
    return NameServerSource{text, {}};
  }
  if (const std::string domain = systemProperty(system_property::kNameServerDomain);
      !domain.empty()) {
    return NameServerSource{{}, endpointUrl(domain, config)};
  }
  return Status::notFound(
      "no name server address is set: set namesrv_addr in the configuration, the property "
      "rocketmq.namesrv.addr, the environment variable NAMESRV_ADDR (host:port;host:port), or the "
      "property rocketmq.namesrv.domain for an HTTP endpoint");
}

void NameServers::set(std::vector<std::string> addresses) {
  MutexLock lock(mutex_);
  const std::string in_use = addresses_.empty() ? std::string() : addresses_[current_];
  addresses_ = std::move(addresses);
  const auto found = std::find(addresses_.begin(), addresses_.end(), in_use);
  if (found != addresses_.end()) {
    current_ = static_cast<size_t>(found - addresses_.begin());
  } else if (!addresses_.empty()) {
    // Clients start at different servers, so that the load is spread.
    current_ = std::random_device{}() % addresses_.size();
  }
}

std::vector<std::string> NameServers::inOrder() const {
  MutexLock lock(mutex_);
  std::vector<std::string> ordered = addresses_;
  std::rotate(ordered.begin(), ordered.begin() + static_cast<ptrdiff_t>(current_), ordered.end());
  return ordered;
}

void NameServers::reportFailure(const std::string& address) {
  MutexLock lock(mutex_);
  if (!addresses_.empty() && addresses_[current_] == address) {
    current_ = (current_ + 1) % addresses_.size();
  }
}

std::string NameServers::toString() const {
  MutexLock lock(mutex_);
  std::string text;
  for (const std::string& address : addresses_) {
    text += (text.empty() ? "" : ";") + address;
  }
  return text;
}

}  // namespace rocketmq::client

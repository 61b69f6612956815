#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/settings.h"
#include "common/descriptor.h"
#include "common/message/host_address.h"
#include "common/status.h"

namespace rocketmq::broker {

/// The port of RocketMQ's "VIP channel" lies so far below the main port.
inline constexpr int32_t kVipPortDistance = 2;

/// The address that records and message ids carry for brokerIP1, which may be a host name. Asks the
/// system's resolver, which may block. InvalidArgument when the name means nothing.
Result<HostAddress> resolveAdvertised(const std::string& host, int32_t port);

/// A port that nobody else gets while this lives; its holder can listen on it.
struct HeldPort {
  uint16_t port = 0;
  Descriptor socket;
};
using HeldPorts = std::vector<HeldPort>;

/// Puts real ports where the settings leave them open, and returns those that it picked:
/// listenPort=0 any free one, for brokers must know their address before the first client can;
/// haListenPort=0 the one above listenPort, or any free one as well. InvalidArgument when a port is
/// there twice, or an address to listen on is none.
Result<HeldPorts> pickPorts(BrokerSettings& settings);

}  // namespace rocketmq::broker

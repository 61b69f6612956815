#pragma once

#include <cstdint>
#include <string>

#include "broker/settings.h"
#include "common/message/host_address.h"
#include "common/status.h"

namespace rocketmq::broker {

/// The port of RocketMQ's "VIP channel" lies so far below the main port.
inline constexpr int32_t kVipPortDistance = 2;

/// The address that records and message ids carry for brokerIP1, which may be a host name. Asks the
/// system's resolver, which may block. InvalidArgument when the name means nothing.
Result<HostAddress> resolveAdvertised(const std::string& host, int32_t port);

/// A port that is free now on `bind_address`, for brokers with listenPort=0: they must know their
/// address before the first client can.
Result<uint16_t> pickFreePort(const std::string& bind_address);

/// Whether the broker can listen where the settings say: addresses that are some, and no port
/// twice.
Status checkListening(const BrokerSettings& settings);

/// Puts real ports where the settings leave them open: listenPort=0 any free one, haListenPort=0
/// the one above listenPort. Then it checks them.
Status pickPorts(BrokerSettings& settings);

}  // namespace rocketmq::broker

#pragma once

#include "broker/addresses.h"
#include "broker/schedule/delay_levels.h"
#include "broker/settings.h"
#include "common/message/host_address.h"
#include "common/status.h"

namespace rocketmq::broker {

/// What a start makes of its settings before it opens anything.
struct StartSettings {
  DelayLevels levels;
  HostAddress store_host;
  HeldPorts ports;  ///< To be kept until the broker listens.
};

/// Puts into `settings` what nobody has given. InvalidArgument says what a broker cannot start
/// with. May block: a host name is looked up.
Result<StartSettings> prepareStart(BrokerSettings& settings);

}  // namespace rocketmq::broker

#pragma once

#include <span>
#include <string>

#include "common/message/host_address.h"

namespace rocketmq {

/// One address of one network interface of this machine.
struct InterfaceAddress {
  std::string interface_name;
  HostAddress address;  ///< Port 0.
};

/// The rule of localAddress() (message_id.h), apart from asking the system. Of several addresses
/// that are equally good the first one wins.
HostAddress chooseLocalAddress(std::span<const InterfaceAddress> candidates);

}  // namespace rocketmq

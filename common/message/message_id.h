#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/message/host_address.h"
#include "common/short_text.h"
#include "common/status.h"

namespace rocketmq {

/// The broker's message id (RocketMQ: offsetMsgId): where the record lies. 32 upper-case hex digits
/// for an IPv4 broker, 56 for IPv6.
struct OffsetMessageId {
  HostAddress store_host;
  int64_t physical_offset = 0;

  std::string toString() const { return toText().toString(); }
  /// toString() without an allocation.
  ShortText toText() const;

  /// InvalidArgument when `text` is not 32 or 56 hex digits.
  static Result<OffsetMessageId> parse(std::string_view text);

  bool operator==(const OffsetMessageId&) const = default;
};

/// A new id for a message about to be sent (RocketMQ: MessageClientIDSetter; property UNIQ_KEY):
/// IP, process, a constant, time in the month, counter. Unique over processes; 32 upper-case hex
/// digits, 56 on a machine with IPv6 only. Threads: any.
ShortText newUniqueId();

/// The address of this machine that others would most likely reach: the first global IPv4 address
/// that is not on a loopback, docker or bridge interface, then any IPv4, then IPv6, else
/// 127.0.0.1. Asked from the system once.
const HostAddress& localAddress();

}  // namespace rocketmq

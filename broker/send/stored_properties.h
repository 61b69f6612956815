#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/timer/timer_plan.h"

namespace rocketmq::broker {

/// What the property string of a send says to the broker. Views point into that string.
struct SendProperties {
  std::string_view unique_key;       ///< UNIQ_KEY
  std::string_view reply_to_client;  ///< REPLY_TO_CLIENT
  int32_t delay_level = 0;           ///< DELAY; 0 when absent or not a number.
  bool waits_for_store = true;       ///< WAIT is not "false".
  bool is_prepared = false;          ///< TRAN_MSG is "true".
  bool is_ordered = false;           ///< Has a __SHARDINGKEY.
  TimerAsk timer = {};
  bool has_pop_handle = false;  ///< POP_CK, which only a broker may set.
};

SendProperties scanSendProperties(std::string_view properties);

/// Properties that the broker adds to every message a client sends (RocketMQ 5: MSG_REGION,
/// TRACE_ON, CLUSTER).
struct BrokerStamp {
  std::string_view region;
  std::string_view cluster;
  bool trace_on = true;
};

/// Where a delayed message really goes.
struct RealTarget {
  std::string_view topic;
  int32_t queue_id = 0;
};

// Builders of the property string that is stored. They append to `out`, which callers reuse. An
// entry that is written twice counts as it was written last, for every RocketMQ reader; so what a
// client sent is copied untouched and the broker's own entries follow.

/// The client's properties, terminated, without POP_CK.
void appendClientProperties(std::string_view properties, const SendProperties& scanned,
                            std::string& out);
void appendStamp(const BrokerStamp& stamp, std::string& out);
/// One entry with its terminator. Precondition: `out` is empty or terminated.
void appendEntry(std::string_view name, std::string_view value, std::string& out);
/// REAL_TOPIC and REAL_QID.
void appendRealTarget(const RealTarget& target, std::string& out);

}  // namespace rocketmq::broker

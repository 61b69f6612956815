#include "broker/send/stored_properties.h"

#include "common/message/properties.h"
#include "common/number.h"
#include "common/text.h"

namespace rocketmq::broker {

SendProperties scanSendProperties(std::string_view properties) {
  SendProperties scanned;
  forEachProperty(properties, [&](std::string_view name, std::string_view value) {
    if (name == property::kUniqueKey) {
      scanned.unique_key = value;
    } else if (name == property::kDelayLevel) {
      scanned.delay_level = parseNumber<int32_t>(value).value_or(0);
    } else if (name == property::kWait) {
      // RocketMQ parity: anything but "true" in any case means "do not wait".
      scanned.waits_for_store = equalsIgnoreCase(value, "true");
    } else if (name == property::kTransactionPrepared) {
      scanned.is_prepared = equalsIgnoreCase(value, "true");
    } else if (name == property::kReplyToClient) {
      scanned.reply_to_client = value;
    } else if (name == property::kShardingKey) {
      scanned.is_ordered = true;
    } else if (name == property::kPopCheckpoint) {
      scanned.has_pop_handle = true;
    } else if (name.starts_with("TIMER_")) {
      scanTimerProperty(name, value, scanned.timer);
    }
  });
  return scanned;
}

void appendEntry(std::string_view name, std::string_view value, std::string& out) {
  out.append(name);
  out.push_back(kPropertyNameEnd);
  out.append(value);
  out.push_back(kPropertyEnd);
}

void appendClientProperties(std::string_view properties, const SendProperties& scanned,
                            std::string& out) {
  if (properties.empty()) {
    return;
  }
  if (scanned.has_pop_handle) {
    out.append(withoutProperty(properties, property::kPopCheckpoint));
  } else {
    out.append(properties);
  }
  if (!out.empty() && out.back() != kPropertyEnd) {
    out.push_back(kPropertyEnd);
  }
}

void appendStamp(const BrokerStamp& stamp, std::string& out) {
  appendEntry(property::kMsgRegion, stamp.region, out);
  appendEntry(property::kTraceOn, stamp.trace_on ? "true" : "false", out);
  appendEntry(property::kCluster, stamp.cluster, out);
}

void appendRealTarget(const RealTarget& target, std::string& out) {
  appendEntry(property::kRealTopic, target.topic, out);
  appendEntry(property::kRealQueueId, std::to_string(target.queue_id), out);
}

}  // namespace rocketmq::broker

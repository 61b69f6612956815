#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace rocketmq {

/// A message's properties by name. Sorted, so that what we write is stable.
using PropertyMap = std::map<std::string, std::string, std::less<>>;

// The property string of a record or a send request is `name 0x01 value 0x02` repeated; the last
// 0x02 may be missing (RocketMQ: MessageDecoder.string2messageProperties). An entry without 0x01,
// without a name or without a value does not count.
inline constexpr char kPropertyNameEnd = '\x01';
inline constexpr char kPropertyEnd = '\x02';

/// The value of `name` inside a property string, the last one if it occurs twice; empty when
/// absent. The view points into `properties`.
std::string_view findProperty(std::string_view properties, std::string_view name);

/// Calls `visit(name, value)` for each valid entry in order.
template <class Visitor>
void forEachProperty(std::string_view properties, Visitor&& visit) {
  while (!properties.empty()) {
    const size_t end = properties.find(kPropertyEnd);
    const std::string_view entry = properties.substr(0, end);
    const size_t split = entry.find(kPropertyNameEnd);
    if (split != std::string_view::npos && split > 0 && split + 1 < entry.size()) {
      visit(entry.substr(0, split), entry.substr(split + 1));
    }
    if (end == std::string_view::npos) {
      return;
    }
    properties.remove_prefix(end + 1);
  }
}

PropertyMap parseProperties(std::string_view properties);

/// Appends one entry to a property string, putting a separator before it when one is missing.
void appendProperty(std::string& properties, std::string_view name, std::string_view value);

/// With a 0x02 after every entry, as RocketMQ 5 writes it. The text has room for `spare_bytes`
/// more. `properties`: pairs of name and value.
template <class Properties = PropertyMap>
std::string formatProperties(const Properties& properties, size_t spare_bytes = 0) {
  size_t size = spare_bytes;
  for (const auto& [name, value] : properties) {
    size += name.size() + value.size() + 2;
  }
  std::string text;
  text.reserve(size);
  for (const auto& [name, value] : properties) {
    appendProperty(text, name, value);
  }
  return text;
}

/// The property string without the entries called `name`.
std::string withoutProperty(std::string_view properties, std::string_view name);

/// RocketMQ's own property names (MessageConst). User properties may not use them.
namespace property {
inline constexpr std::string_view kKeys = "KEYS";
inline constexpr std::string_view kTags = "TAGS";
inline constexpr std::string_view kWait = "WAIT";
inline constexpr std::string_view kDelayLevel = "DELAY";
inline constexpr std::string_view kRetryTopic = "RETRY_TOPIC";
inline constexpr std::string_view kOriginMessageId = "ORIGIN_MESSAGE_ID";
inline constexpr std::string_view kReconsumeTime = "RECONSUME_TIME";
inline constexpr std::string_view kMaxReconsumeTimes = "MAX_RECONSUME_TIMES";
inline constexpr std::string_view kRealTopic = "REAL_TOPIC";
inline constexpr std::string_view kRealQueueId = "REAL_QID";
inline constexpr std::string_view kTransactionPrepared = "TRAN_MSG";
inline constexpr std::string_view kProducerGroup = "PGROUP";
inline constexpr std::string_view kUniqueKey = "UNIQ_KEY";
inline constexpr std::string_view kMinOffset = "MIN_OFFSET";
inline constexpr std::string_view kMaxOffset = "MAX_OFFSET";
inline constexpr std::string_view kConsumeStartTime = "CONSUME_START_TIME";
inline constexpr std::string_view kMsgRegion = "MSG_REGION";
inline constexpr std::string_view kTraceOn = "TRACE_ON";
inline constexpr std::string_view kCluster = "CLUSTER";
inline constexpr std::string_view kInstanceId = "INSTANCE_ID";
inline constexpr std::string_view kMessageType = "MSG_TYPE";
inline constexpr std::string_view kCorrelationId = "CORRELATION_ID";
inline constexpr std::string_view kReplyToClient = "REPLY_TO_CLIENT";
inline constexpr std::string_view kTtl = "TTL";
inline constexpr std::string_view kPushReplyTime = "PUSH_REPLY_TIME";
inline constexpr std::string_view kArriveTime = "ARRIVE_TIME";
inline constexpr std::string_view kShardingKey = "__SHARDINGKEY";
inline constexpr std::string_view kPopCheckpoint = "POP_CK";
inline constexpr std::string_view kTimerDelaySec = "TIMER_DELAY_SEC";
inline constexpr std::string_view kTimerDelayMs = "TIMER_DELAY_MS";
inline constexpr std::string_view kTimerDeliverMs = "TIMER_DELIVER_MS";
inline constexpr std::string_view kTimerOutMs = "TIMER_OUT_MS";
inline constexpr std::string_view kTimerEnqueueMs = "TIMER_ENQUEUE_MS";
inline constexpr std::string_view kTimerDequeueMs = "TIMER_DEQUEUE_MS";
inline constexpr std::string_view kTimerRollTimes = "TIMER_ROLL_TIMES";
inline constexpr std::string_view kTimerDeleteKey = "TIMER_DEL_UNIQKEY";
inline constexpr std::string_view kBornTimestamp = "BORN_TIMESTAMP";
inline constexpr std::string_view kTraceContext = "TRACE_CONTEXT";

/// True for every name that RocketMQ reserves (the list of MessageConst.STRING_HASH_SET).
bool isReserved(std::string_view name);
}  // namespace property

}  // namespace rocketmq

#include "common/message/properties.h"

#include <algorithm>
#include <array>

namespace rocketmq {
namespace {

/// MessageConst.STRING_HASH_SET of RocketMQ 5.3, sorted.
constexpr std::array<std::string_view, 51> kReservedNames = {
    "1ST_POP_TIME",
    "ARRIVE_TIME",
    "BORN_TIMESTAMP",
    "BUYER_ID",
    "CLUSTER",
    "CONSUME_START_TIME",
    "CORRECTION_FLAG",
    "CORRELATION_ID",
    "DELAY",
    "DLQ_ORIGIN_MESSAGE_ID",
    "DLQ_ORIGIN_TOPIC",
    "DUP_INFO",
    "EXTEND_UNIQ_INFO",
    "INNER_MULTI_QUEUE_OFFSET",
    "INSTANCE_ID",
    "KEYS",
    "MAX_OFFSET",
    "MAX_RECONSUME_TIMES",
    "MIN_OFFSET",
    "MQ2_FLAG",
    "MSG_REGION",
    "MSG_TYPE",
    "ORIGIN_MESSAGE_ID",
    "PGROUP",
    "POP_CK",
    "POP_CK_OFFSET",
    "PUSH_REPLY_TIME",
    "REAL_QID",
    "REAL_TOPIC",
    "RECONSUME_TIME",
    "REPLY_TO_CLIENT",
    "RETRY_TOPIC",
    "TAGS",
    "TIMER_DELAY_LEVEL",
    "TIMER_DELAY_MS",
    "TIMER_DELAY_SEC",
    "TIMER_DELIVER_MS",
    "TIMER_DEL_UNIQKEY",
    "TIMER_DEQUEUE_MS",
    "TIMER_ENQUEUE_MS",
    "TIMER_OUT_MS",
    "TIMER_ROLL_TIMES",
    "TRACE_ON",
    "TRANSFER_FLAG",
    "TRAN_MSG",
    "TRAN_PREPARED_QUEUE_OFFSET",
    "TTL",
    "UNIQ_KEY",
    "WAIT",
    "__BORNHOST",
    "__CRC32#",
};
static_assert(std::ranges::is_sorted(kReservedNames));

}  // namespace

std::string_view findProperty(std::string_view properties, std::string_view name) {
  std::string_view found;
  forEachProperty(properties, [&](std::string_view entry_name, std::string_view value) {
    if (entry_name == name) {
      found = value;
    }
  });
  return found;
}

PropertyMap parseProperties(std::string_view properties) {
  PropertyMap map;
  forEachProperty(properties, [&map](std::string_view name, std::string_view value) {
    map.insert_or_assign(std::string(name), std::string(value));
  });
  return map;
}

void appendProperty(std::string& properties, std::string_view name, std::string_view value) {
  if (!properties.empty() && properties.back() != kPropertyEnd) {
    properties += kPropertyEnd;
  }
  properties.append(name);
  properties += kPropertyNameEnd;
  properties.append(value);
  properties += kPropertyEnd;
}

std::string withoutProperty(std::string_view properties, std::string_view name) {
  std::string kept;
  kept.reserve(properties.size());
  while (!properties.empty()) {
    const size_t end = properties.find(kPropertyEnd);
    const size_t entry_bytes = end == std::string_view::npos ? properties.size() : end + 1;
    const std::string_view entry = properties.substr(0, entry_bytes);
    const bool is_named = entry.size() > name.size() && entry.starts_with(name) &&
                          entry[name.size()] == kPropertyNameEnd;
    if (!is_named) {
      kept.append(entry);
    }
    properties.remove_prefix(entry_bytes);
  }
  return kept;
}

bool property::isReserved(std::string_view name) {
  return std::ranges::binary_search(kReservedNames, name);
}

}  // namespace rocketmq

#include "broker/transaction/half_messages.h"

#include <algorithm>
#include <utility>

#include "broker/send/stored_properties.h"
#include "broker/transaction/topics.h"
#include "common/lost.h"
#include "common/message/properties.h"
#include "common/message/sys_flag.h"
#include "common/number.h"

namespace rocketmq::broker {

namespace {

constexpr std::string_view kCheckTimes = "TRANSACTION_CHECK_TIMES";
constexpr std::string_view kImmunitySeconds = "CHECK_IMMUNITY_TIME_IN_SECONDS";
constexpr std::string_view kFirstCopyOffset = "TRAN_PREPARED_QUEUE_OFFSET";
/// What marks an op record as "this half message is over" (TransactionalMessageUtil.REMOVE_TAG).
constexpr std::string_view kOverTag = "d";
/// Nobody waits longer for a check, whatever the message says.
constexpr int64_t kImmunitySecondsMax = 365LL * 24 * 3600;

/// RocketMQ parity: -1 and what is no number mean "as the broker's transactionTimeOut says".
std::optional<std::chrono::milliseconds> immunityOf(std::string_view text) {
  const auto seconds = parseNumber<int64_t>(text);
  if (!seconds || *seconds == -1) {
    return std::nullopt;
  }
  return std::chrono::seconds(std::clamp<int64_t>(*seconds, 0, kImmunitySecondsMax));
}

/// The properties with what checks keep in them set anew.
std::string checkedProperties(const HalfMessage& half, int32_t check_times) {
  std::string properties = withoutProperty(half.record.properties, kCheckTimes);
  properties = withoutProperty(properties, kFirstCopyOffset);
  if (check_times > 0) {
    appendProperty(properties, kCheckTimes, std::to_string(check_times));
  }
  appendProperty(properties, kFirstCopyOffset, std::to_string(half.copy.first));
  return properties;
}

}  // namespace

void HalfMessages::removeMarks(std::string& properties) {
  for (const std::string_view mark : {kCheckTimes, kFirstCopyOffset}) {
    if (properties.find(mark) != std::string::npos) {
      properties = withoutProperty(properties, mark);
    }
  }
}

HalfMessages::Range HalfMessages::halves() const {
  return {store_.minOffset(kHalfTopic, kTransactionQueue),
          store_.maxOffset(kHalfTopic, kTransactionQueue)};
}

HalfMessages::Range HalfMessages::ops() const {
  return {store_.minOffset(kOpTopic, kTransactionQueue),
          store_.maxOffset(kOpTopic, kTransactionQueue)};
}

Result<HalfMessage> HalfMessages::decode(store::LogSlice slice) {
  HalfMessage half;
  half.slice = std::move(slice);
  ROCKETMQ_ASSIGN_OR_RETURN(half.record, decodeRecord(half.slice.bytes));
  half.copy = {.offset = half.record.queue_offset, .first = half.record.queue_offset};
  forEachProperty(half.record.properties, [&half](std::string_view name, std::string_view value) {
    if (name == property::kProducerGroup) {
      half.producer_group = value;
    } else if (name == property::kUniqueKey) {
      half.unique_key = value;
    } else if (name == property::kRealTopic) {
      half.real_topic = value;
    } else if (name == property::kRealQueueId) {
      half.real_queue_id = parseNumber<int32_t>(value).value_or(-1);
    } else if (name == kCheckTimes) {
      half.check_times = std::max(0, parseNumber<int32_t>(value).value_or(0));
    } else if (name == kImmunitySeconds) {
      half.immunity = immunityOf(value);
    } else if (name == kFirstCopyOffset) {
      // Nothing that a client wrote there may point at what comes later.
      const int64_t first = parseNumber<int64_t>(value).value_or(half.copy.offset);
      half.copy.first = first >= 0 && first < half.copy.offset ? first : half.copy.offset;
    }
  });
  return half;
}

Result<std::vector<store::QueueEntry>> HalfMessages::entriesFrom(std::string_view topic,
                                                                 int32_t queue_id, int64_t index,
                                                                 int32_t count) const {
  auto entries = store_.queueEntries(topic, queue_id, index, count);
  if (!entries.empty()) {
    return entries;
  }
  const std::string what =
      "queue offset " + std::to_string(index) + " of topic " + std::string(topic);
  // The queue's begin is looked at last: retention may have taken the entry a moment ago.
  return index < store_.maxOffset(topic, queue_id) && index >= store_.minOffset(topic, queue_id)
             ? Status::busy(what + " cannot be read now")
             : Status::notFound("there is no " + what);
}

Result<HalfMessage> HalfMessages::at(int64_t queue_offset) const {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto entries,
                            entriesFrom(kHalfTopic, kTransactionQueue, queue_offset, 1));
  ROCKETMQ_ASSIGN_OR_RETURN(store::LogSlice slice, store_.recordAt(entries[0].physical_offset));
  ROCKETMQ_ASSIGN_OR_RETURN(HalfMessage half, decode(std::move(slice)));
  if (half.record.topic != kHalfTopic || half.record.queue_offset != queue_offset) {
    return Status::corruption("queue offset " + std::to_string(queue_offset) +
                              " of the half topic leads to another message");
  }
  return half;
}

Result<HalfMessage> HalfMessages::at(int64_t queue_offset, int64_t physical_offset) const {
  Result<HalfMessage> half = at(queue_offset);
  if (half.ok() && half->record.physical_offset != physical_offset) {
    return Status::notFound("the half message with queue offset " + std::to_string(queue_offset) +
                            " is not at commit-log offset " + std::to_string(physical_offset));
  }
  return half;
}

bool HalfMessages::isInMemory(int64_t queue_offset) const {
  return store_.isInMemory(kHalfTopic, kTransactionQueue, queue_offset);
}

std::vector<int64_t> HalfMessages::parseOps(std::string_view body) {
  std::vector<int64_t> offsets;
  while (!body.empty()) {
    const size_t comma = body.find(',');
    if (const auto offset = parseNumber<int64_t>(body.substr(0, comma)); offset && *offset >= 0) {
      offsets.push_back(*offset);
    }
    body.remove_prefix(comma == std::string_view::npos ? body.size() : comma + 1);
  }
  return offsets;
}

Result<std::vector<int64_t>> HalfMessages::endedBy(int64_t op_offset) const {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto entries,
                            unlessLost(entriesFrom(kOpTopic, kTransactionQueue, op_offset, 1)));
  if (!entries) {
    return std::vector<int64_t>();
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto slice,
                            unlessLost(store_.recordAt(entries->front().physical_offset)));
  if (!slice) {
    return std::vector<int64_t>();
  }
  const auto record = decodeRecord(slice->bytes);
  if (!record.ok() || findProperty(record->properties, property::kTags) != kOverTag) {
    return std::vector<int64_t>();
  }
  return parseOps(record->body);
}

Result<std::unordered_set<int64_t>> HalfMessages::committedInto(std::string_view topic,
                                                                int32_t queue_id,
                                                                int32_t count) const {
  std::unordered_set<int64_t> offsets;
  const int64_t end = store_.maxOffset(topic, queue_id);
  int64_t index = std::max(store_.minOffset(topic, queue_id), end - count);
  while (index < end) {
    ROCKETMQ_ASSIGN_OR_RETURN(
        const auto entries, entriesFrom(topic, queue_id, index, static_cast<int32_t>(end - index)));
    for (const store::QueueEntry& entry : entries) {
      ROCKETMQ_ASSIGN_OR_RETURN(const auto slice,
                                unlessLost(store_.recordAt(entry.physical_offset)));
      if (!slice) {
        continue;
      }
      const auto record = decodeRecord(slice->bytes);
      if (record.ok() &&
          sys_flag::transactionType(record->sys_flag) == sys_flag::kTransactionCommit) {
        offsets.insert(record->prepared_transaction_offset);
      }
    }
    index += std::ssize(entries);
  }
  return offsets;
}

store::PutResult HalfMessages::putReal(const HalfMessage& half) const {
  MessageRecord record = half.record;
  record.topic = half.real_topic;
  record.queue_id = half.real_queue_id;
  record.sys_flag = sys_flag::withTransactionType(record.sys_flag, sys_flag::kTransactionCommit);
  record.prepared_transaction_offset = half.record.physical_offset;
  record.store_host = store_host_;
  // RocketMQ parity: the properties stay as they are, REAL_TOPIC and TRAN_MSG included.
  return store_.put(record);
}

store::PutResult HalfMessages::putOp(int64_t half_offset) const {
  const std::string body = std::to_string(half_offset);
  std::string properties;
  appendEntry(property::kTags, kOverTag, properties);
  MessageRecord record;
  record.topic = kOpTopic;
  record.queue_id = kTransactionQueue;
  record.body = body;
  record.properties = properties;
  record.born_timestamp_ms = clock_.nowMs();
  record.born_host = store_host_;
  record.store_host = store_host_;
  return store_.put(record);
}

store::PutResult HalfMessages::putCopy(const HalfMessage& half, int32_t check_times) const {
  const std::string properties = checkedProperties(half, check_times);
  MessageRecord record = half.record;
  record.properties = properties;
  record.store_host = store_host_;
  return store_.put(record);
}

store::PutResult HalfMessages::putGivenUp(const HalfMessage& half) const {
  MessageRecord record = half.record;
  record.topic = kCheckMaxTopic;
  record.queue_id = 0;
  record.store_host = store_host_;
  return store_.put(record);
}

store::PutResult HalfMessages::putResumed(const HalfMessage& half) const {
  std::string properties = withoutProperty(half.record.properties, kCheckTimes);
  properties = withoutProperty(properties, kFirstCopyOffset);
  MessageRecord record = half.record;
  record.topic = kHalfTopic;
  record.queue_id = kTransactionQueue;
  record.properties = properties;
  record.store_host = store_host_;
  return store_.put(record);
}

std::string HalfMessages::checkBody(const HalfMessage& half, int32_t check_times,
                                    const store::PutResult& put) {
  const std::string properties = checkedProperties(half, check_times);
  MessageRecord record = half.record;
  record.topic = half.real_topic;
  record.queue_id = half.real_queue_id;
  record.properties = properties;
  std::string body(encodedSize(record), '\0');
  encodeRecord(record, body.data());
  patchPlacement(body.data(), {.queue_offset = put.queue_offset,
                               .physical_offset = put.physical_offsets.front(),
                               .store_timestamp_ms = put.store_timestamp_ms});
  return body;
}

}  // namespace rocketmq::broker

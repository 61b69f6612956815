#include "broker/send/send_service.h"

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "broker/bracketed.h"
#include "broker/send/store_guarantee.h"
#include "broker/send/stored_properties.h"
#include "broker/transaction/half_messages.h"
#include "broker/transaction/topics.h"
#include "common/excerpt.h"
#include "common/message/message_id.h"
#include "common/message/properties.h"
#include "common/message/record.h"
#include "common/message/sys_flag.h"
#include "common/validate.h"

namespace rocketmq::broker {

using remoting::ResponseCode;

struct SendService::Draft {
  const SendRequest& request;
  std::shared_ptr<const BrokerSettings> settings;
  SendOutcome outcome = {};
  SendProperties properties = {};
  TopicConfigPtr topic = nullptr;
  /// The queue the client is told of.
  int32_t queue_id = 0;
  bool is_dead_letter = false;
  /// Slot of a timer message; 0 for others.
  TimestampMs timer_slot_ms = 0;

  const remoting::SendMessageHeader<std::string_view>& header() const { return request.header; }
  bool isBatch() const { return header().batch.value_or(false); }
  bool isHalf() const { return properties.is_prepared && !isBatch(); }
  MessageType messageType() const {
    if (properties.is_ordered) {
      return MessageType::kFifo;
    }
    return properties.delay_level > 0 ? MessageType::kDelay : MessageType::kNormal;
  }
  std::string_view clientProperties() const {
    return header().properties.value_or(std::string_view());
  }

  bool refuse(ResponseCode code, std::string remark) {
    outcome.answer = {code, std::move(remark)};
    return false;
  }
  bool needsBlocking() {
    outcome.needs_blocking = true;
    return false;
  }
};

namespace {

/// A queue for producers that leave the choice to the broker.
int32_t randomQueue(int32_t queues) {
  thread_local std::minstd_rand generator(std::random_device{}());
  return static_cast<int32_t>(generator() % static_cast<uint32_t>(queues));
}

/// A thread's property buffer is given back when a large batch has blown it up.
constexpr size_t kIdleBufferBytesMax = 1 << 20;
/// Properties of all messages of a batch: those of the header are stored with each of them, so that
/// a small frame could ask for gigabytes. Twice what the smallest messages of a useful batch need.
constexpr size_t kBatchPropertiesBytesMax = 8 << 20;

/// Empty messages take next to nothing in a batch, and a record and an id each in the store. A
/// batch of 4 MiB, the most that producers send, of messages with ids of their own has no more than
/// 56,000.
constexpr size_t kBatchMessagesMax = 65'536;

/// Where property strings are built; one per thread, so that a send does not allocate.
std::string& propertyBuffer() {
  thread_local std::string buffer;
  buffer.clear();
  if (buffer.capacity() > kIdleBufferBytesMax) {
    buffer.shrink_to_fit();
  }
  return buffer;
}

/// Whether the properties of a batch element end as those of a message have to, so that others can
/// follow.
bool isTerminated(std::string_view properties) {
  return properties.empty() || properties.back() == kPropertyEnd;
}

/// What a batch comes to.
struct BatchSize {
  size_t messages = 0;
  size_t properties_bytes = 0;  ///< With `shared_bytes` for each message.
};

/// Only looks, so that a batch that asks for too much costs next to nothing. InvalidArgument when
/// it does, Corruption when an element claims more than there is.
Result<BatchSize> sizeOfBatch(std::string_view body, size_t shared_bytes) {
  BatchSize size;
  while (!body.empty()) {
    const Result<BatchItem> item = takeBatchItem(body);
    if (!item.ok()) {
      return item.status();
    }
    const size_t own = item->properties.size() + (isTerminated(item->properties) ? 0 : 1);
    if (++size.messages > kBatchMessagesMax) {
      return Status::invalidArgument("the batch has more than " +
                                     std::to_string(kBatchMessagesMax) + " messages");
    }
    size.properties_bytes += own + shared_bytes;
    if (own + shared_bytes > kPropertiesLengthMax ||
        size.properties_bytes > kBatchPropertiesBytesMax) {
      return Status::invalidArgument("the properties of message " + std::to_string(size.messages) +
                                     " of the batch are too long");
    }
  }
  return size;
}

}  // namespace

remoting::Answer<remoting::SendMessageReply> refusalOf(const store::PutResult& put) {
  switch (put.status) {
    case store::PutStatus::kOk:
      break;
    case store::PutStatus::kMessageIllegal:
      return {ResponseCode::kMessageIllegal, put.detail};
    case store::PutStatus::kServiceNotAvailable:
      return {ResponseCode::kServiceNotAvailable, put.detail};
    case store::PutStatus::kPageCacheBusy:
      // RocketMQ 4.9 parity: producers of 4.9 try another broker after this code, but give up
      // after SYSTEM_BUSY, which 5.x answers.
      return {ResponseCode::kSystemError,
              "[PC_SYNCHRONIZED]broker busy, start flow control for a while; " + put.detail};
    case store::PutStatus::kCreateFileFailed:
      return {ResponseCode::kSystemError,
              "create mapped file failed, server is busy or broken. " + put.detail};
  }
  return {ResponseCode::kSystemError, "unknown put status"};
}

SendService::SendService(Parts parts, const HostAddress& store_host)
    : parts_(parts),
      store_host_(store_host),
      waits_for_safety_(StoreGuarantee::isAsked(*parts.settings.load())) {}

SendOutcome SendService::send(const SendRequest& request) {
  Draft draft{.request = request, .settings = parts_.settings.load()};
  if (scanProperties(draft) && checkBroker(draft) && checkTopic(draft) && findTopic(draft) &&
      checkQueue(draft) && checkKind(draft) && checkRetry(draft)) {
    draft.isBatch() ? storeBatch(draft) : storeSingle(draft);
  }
  return std::move(draft.outcome);
}

/// What could never be stored is not looked at any further.
bool SendService::scanProperties(Draft& draft) {
  const std::string_view properties = draft.clientProperties();
  if (properties.size() > kPropertiesLengthMax) {
    return refuseLongProperties(draft, properties.size());
  }
  draft.properties = scanSendProperties(properties);
  return true;
}

bool SendService::refuseLongProperties(Draft& draft, size_t bytes) {
  return draft.refuse(ResponseCode::kMessageIllegal,
                      "the message's properties have " + std::to_string(bytes) +
                          " bytes, allowed are " + std::to_string(kPropertiesLengthMax));
}

bool SendService::checkBroker(Draft& draft) const {
  if (draft.settings->isSlave()) {
    // Before a topic is created for it; the store would refuse the message anyway.
    return draft.refuse(ResponseCode::kServiceNotAvailable,
                        "this broker is a slave and takes no messages; send to the master");
  }
  if (draft.properties.waits_for_store && !parts_.guarantee.mayStore()) {
    return draft.refuse(ResponseCode::kSystemError,
                        "in-sync replicas not enough: fewer than minInSyncReplicas=" +
                            std::to_string(draft.settings->min_in_sync_replicas) +
                            " brokers are in sync; mqadmin haStatus shows the slaves");
  }
  const TimestampMs accepts_from_ms = draft.settings->accept_sends_from_ms;
  if (accepts_from_ms > 0 && parts_.clock.nowMs() < accepts_from_ms) {
    return draft.refuse(
        ResponseCode::kSystemError,
        "broker unable to service, until " + std::to_string(accepts_from_ms) + " (ms since 1970)");
  }
  return true;
}

bool SendService::checkTopic(Draft& draft) const {
  const std::string_view name = draft.header().topic;
  draft.topic = parts_.topics.find(name);
  if (draft.topic != nullptr && draft.topic->order &&
      !model::isWritable(draft.settings->broker_permission)) {
    return draft.refuse(
        ResponseCode::kNoPermission,
        "the broker" + bracketed(draft.settings->advertised_ip) + " sending message is forbidden");
  }
  // Names in the table have been checked when they came there.
  if (draft.topic == nullptr) {
    if (const Status status = validateTopic(name); !status.isOk()) {
      return draft.refuse(ResponseCode::kSystemError, status.message());
    }
  }
  if (isForbiddenToSend(name)) {
    return draft.refuse(ResponseCode::kNoPermission,
                        "Sending message to topic" + bracketed(name) + " is forbidden.");
  }
  return true;
}

bool SendService::findTopic(Draft& draft) const {
  if (draft.topic != nullptr) {
    return true;
  }
  const std::string_view name = draft.header().topic;
  const bool is_unit = draft.header().unit_mode.value_or(false);
  const std::string remote = draft.request.born_host.toString();
  const TopicTable::SendTarget target{
      .topic = name,
      .default_topic = draft.header().default_topic,
      .default_topic_queues = draft.header().default_topic_queue_nums,
      .is_unit = is_unit,
      .remote = remote};
  const bool can_create = parts_.topics.canCreateForSend(target);
  if (can_create || isRetryTopic(name)) {
    if (!draft.request.may_block) {
      return draft.needsBlocking();
    }
    if (can_create) {
      draft.topic = parts_.topics.createForSend(target);
      draft.outcome.made_topic = draft.topic != nullptr;
    }
    if (draft.topic == nullptr && isRetryTopic(name)) {
      auto created =
          parts_.topics.createInternal(name, 1, is_unit ? model::kTopicUnitSubscription : 0);
      draft.topic = created.ok() ? *created : nullptr;
    }
  }
  if (draft.topic == nullptr) {
    return draft.refuse(
        ResponseCode::kTopicNotExist,
        "topic" + bracketed(name) + " not exist, apply first please!" +
            (parts_.topics.hasRoomForSend()
                 ? ""
                 : " It is not created by itself: this broker has as many topics as "
                   "maxAutoCreatedTopics allows; mqadmin updateTopic can create it."));
  }
  return true;
}

bool SendService::checkQueue(Draft& draft) const {
  const int32_t queues = std::max(draft.topic->read_queue_nums, draft.topic->write_queue_nums);
  draft.queue_id = draft.header().queue_id;
  if (draft.queue_id >= queues) {
    return draft.refuse(ResponseCode::kSystemError,
                        "request queueId" + bracketed(std::to_string(draft.queue_id)) +
                            " is illegal, topic" + bracketed(draft.topic->topic_name) + " has " +
                            std::to_string(queues) +
                            " queues; Producer: " + draft.request.born_host.toString());
  }
  if (draft.queue_id < 0) {
    if (draft.topic->write_queue_nums < 1) {
      return draft.refuse(ResponseCode::kSystemError, "topic" + bracketed(draft.topic->topic_name) +
                                                          " has no queue to write to");
    }
    draft.queue_id = randomQueue(draft.topic->write_queue_nums);
  }
  return true;
}

bool SendService::checkKind(Draft& draft) const {
  if (draft.isHalf() && draft.settings->reject_transaction_message) {
    return draft.refuse(ResponseCode::kNoPermission,
                        "the broker" + bracketed(draft.settings->advertised_ip) +
                            " sending transaction message is forbidden");
  }
  if (draft.isBatch() && isRetryTopic(draft.header().topic)) {
    return draft.refuse(
        ResponseCode::kMessageIllegal,
        "batch request does not support retry group " + excerpt(draft.header().topic));
  }
  const auto bytes_max = static_cast<size_t>(draft.settings->message_bytes_max);
  if (draft.request.body.size() > bytes_max) {
    return draft.refuse(ResponseCode::kMessageIllegal,
                        "the message body has " + std::to_string(draft.request.body.size()) +
                            " bytes, maxMessageSize is " + std::to_string(bytes_max));
  }
  return true;
}

bool SendService::checkRetry(Draft& draft) const {
  const std::string_view name = draft.header().topic;
  if (!isRetryTopic(name)) {
    return true;
  }
  const std::string_view group = name.substr(kRetryTopicPrefix.size());
  GroupConfigPtr config = parts_.groups.find(group);
  if (config == nullptr && parts_.groups.canCreate(group)) {
    if (!draft.request.may_block) {
      return draft.needsBlocking();
    }
    config = parts_.groups.findOrCreate(group);
  }
  if (config == nullptr) {
    return draft.refuse(ResponseCode::kSubscriptionGroupNotExist,
                        "subscription group not exist, " + excerpt(group));
  }
  int32_t times_max = config->retry_max_times;
  if (draft.request.client_version >= remoting::kVersion3_4_9) {
    times_max = draft.header().max_reconsume_times.value_or(times_max);
  }
  if (draft.header().reconsume_times.value_or(0) >= times_max) {
    return redirectToDeadLetters(draft, group);
  }
  return true;
}

bool SendService::redirectToDeadLetters(Draft& draft, std::string_view group) const {
  const std::string name = std::string(kDlqTopicPrefix) + std::string(group);
  TopicConfigPtr topic = parts_.topics.find(name);
  if (topic == nullptr) {
    if (!draft.request.may_block) {
      return draft.needsBlocking();
    }
    auto created = parts_.topics.createInternal(name, 1);
    if (!created.ok()) {
      return draft.refuse(ResponseCode::kSystemError, created.status().message());
    }
    topic = *created;
  }
  draft.topic = std::move(topic);
  draft.queue_id = 0;
  draft.is_dead_letter = true;
  parts_.traffic.onDeadLetter(group, draft.topic->topic_name);
  return true;
}

MessageRecord SendService::recordOf(const Draft& draft) const {
  MessageRecord record;
  record.topic = draft.topic->topic_name;
  record.queue_id = draft.queue_id;
  record.flag = draft.header().flag;
  record.sys_flag = draft.header().sys_flag;
  if (draft.topic->topic_filter_type == model::TopicFilterType::kMultiTag) {
    record.sys_flag |= sys_flag::kMultiTags;
  }
  record.born_timestamp_ms = draft.header().born_timestamp_ms;
  record.born_host = draft.request.born_host;
  record.store_host = store_host_;
  record.reconsume_times = draft.header().reconsume_times.value_or(0);
  return record;
}

void SendService::appendBrokerProperties(const Draft& draft, std::string& properties) const {
  appendStamp({.region = draft.settings->region_id,
               .cluster = draft.settings->cluster_name,
               .trace_on = draft.settings->trace_on},
              properties);
}

bool SendService::delay(Draft& draft, MessageRecord& record, std::string& properties) const {
  const int32_t asked = draft.properties.delay_level;
  if (draft.is_dead_letter) {
    // RocketMQ 5 parity: nobody may delay a dead letter.
    if (asked != 0) {
      appendEntry(property::kDelayLevel, "-1", properties);
    }
    return true;
  }
  if (asked <= 0) {
    return !draft.properties.timer.isAsked() || setTimer(draft, record, properties);
  }
  if (draft.properties.timer.isAsked()) {
    properties = withoutTimer(properties);
  }
  const int32_t level = parts_.delay_levels.clip(asked);
  if (level != asked) {
    appendEntry(property::kDelayLevel, std::to_string(level), properties);
  }
  appendRealTarget({.topic = draft.topic->topic_name, .queue_id = draft.queue_id}, properties);
  record.topic = kScheduleTopic;
  record.queue_id = level - 1;
  return true;
}

bool SendService::setTimer(Draft& draft, MessageRecord& record, std::string& properties) const {
  if (parts_.timers == nullptr) {
    return draft.refuse(ResponseCode::kSystemError,
                        "accurate timer message is not enabled, timerWheelEnable is false");
  }
  const Result<TimestampMs> slot =
      parts_.timers->plan(draft.properties.timer, parts_.clock.nowMs());
  if (!slot.ok()) {
    const bool is_illegal = slot.status().code() == StatusCode::kInvalidArgument;
    return draft.refuse(is_illegal ? ResponseCode::kMessageIllegal : ResponseCode::kSystemError,
                        slot.status().message());
  }
  if (*slot == 0) {
    return true;
  }
  appendEntry(property::kTimerOutMs, std::to_string(*slot), properties);
  appendRealTarget({.topic = draft.topic->topic_name, .queue_id = draft.queue_id}, properties);
  record.topic = kTimerTopic;
  record.queue_id = kTimerQueue;
  draft.timer_slot_ms = *slot;
  return properties.size() + kTimerPropertiesReserve <= kPropertiesLengthMax ||
         draft.refuse(ResponseCode::kMessageIllegal,
                      "the message's properties have " + std::to_string(properties.size()) +
                          " bytes, allowed for a timer are " +
                          std::to_string(kPropertiesLengthMax - kTimerPropertiesReserve));
}

bool SendService::hide(Draft& draft, MessageRecord& record, std::string& properties) const {
  // RocketMQ 5's proxy refuses this, too. Its broker takes it, but the search for a commit that a
  // crash has cut off looks in the message's own queue, not among timers.
  if (draft.properties.timer.isAsked()) {
    return draft.refuse(ResponseCode::kMessageIllegal,
                        "a message of a transaction cannot have a delivery time (TIMER_DELAY_SEC, "
                        "TIMER_DELAY_MS, TIMER_DELIVER_MS)");
  }
  HalfMessages::removeMarks(properties);
  // RocketMQ 5 parity. A copy, because what is appended to may move.
  const std::string unique_key(findProperty(properties, property::kUniqueKey));
  appendEntry(kTransactionIdProperty, unique_key, properties);
  appendRealTarget({.topic = draft.topic->topic_name, .queue_id = draft.queue_id}, properties);
  record.topic = kHalfTopic;
  record.queue_id = kTransactionQueue;
  // Stored like any other message: prepared ones get no place in a queue.
  record.sys_flag = sys_flag::withTransactionType(record.sys_flag, sys_flag::kTransactionNone);
  return properties.size() + kHalfPropertiesReserve <= kPropertiesLengthMax ||
         draft.refuse(ResponseCode::kMessageIllegal,
                      "the message's properties have " + std::to_string(properties.size()) +
                          " bytes, allowed in a transaction are " +
                          std::to_string(kPropertiesLengthMax - kHalfPropertiesReserve));
}

void SendService::storeSingle(Draft& draft) const {
  std::string& properties = propertyBuffer();
  appendClientProperties(draft.clientProperties(), draft.properties, properties);
  ShortText unique_key = draft.properties.unique_key;
  if (unique_key.empty()) {
    unique_key = newUniqueId();
    appendEntry(property::kUniqueKey, unique_key, properties);
  }
  appendBrokerProperties(draft, properties);
  MessageRecord record = recordOf(draft);
  if (!draft.isHalf()) {
    if (!delay(draft, record, properties)) {
      return;
    }
  } else if (!hide(draft, record, properties)) {
    return;
  }
  if (properties.size() > kPropertiesLengthMax) {
    refuseLongProperties(draft, properties.size());
    return;
  }
  record.body = draft.request.body;
  record.properties = properties;
  answer(draft, parts_.store.put(record));
  if (draft.outcome.answer.header) {
    remoting::SendMessageReply& reply = *draft.outcome.answer.header;
    reply.transaction_id = unique_key;
    if (draft.timer_slot_ms > 0) {
      reply.recall_handle = recallHandleOf(draft.topic->topic_name, unique_key, draft.timer_slot_ms,
                                           draft.settings->broker_name);
    }
  }
}

bool SendService::splitBatch(Draft& draft, std::string& properties,
                             std::vector<MessageRecord>& records) const {
  std::string shared;
  appendClientProperties(draft.clientProperties(), draft.properties, shared);
  appendBrokerProperties(draft, shared);

  const Result<BatchSize> size = sizeOfBatch(draft.request.body, shared.size());
  if (!size.ok()) {
    return draft.refuse(ResponseCode::kMessageIllegal, size.status().message());
  }
  // The views stay valid, because the buffer does not grow.
  properties.reserve(size->properties_bytes);
  records.reserve(size->messages);
  const MessageRecord common = recordOf(draft);
  for (std::string_view rest = draft.request.body; !rest.empty();) {
    const BatchItem item = *takeBatchItem(rest);
    const size_t begin = properties.size();
    properties.append(item.properties);
    if (!isTerminated(item.properties)) {
      properties.push_back(kPropertyEnd);
    }
    properties.append(shared);
    MessageRecord& record = records.emplace_back(common);
    record.flag = item.flag;
    record.body = item.body;
    record.properties = std::string_view(properties).substr(begin);
  }
  return true;
}

void SendService::storeBatch(Draft& draft) const {
  std::vector<MessageRecord> records;
  if (!splitBatch(draft, propertyBuffer(), records)) {
    return;
  }
  if (records.empty()) {
    draft.refuse(ResponseCode::kMessageIllegal, "the batch is empty");
    return;
  }
  answer(draft, parts_.store.putBatch(records));
}

void SendService::answer(Draft& draft, const store::PutResult& put) const {
  if (!put.ok()) {
    draft.outcome.answer = refusalOf(put);
    return;
  }
  remoting::SendMessageReply& reply = draft.outcome.answer.header.emplace();
  reply.queue_id = draft.queue_id;
  reply.queue_offset = put.queue_offset;
  reply.region = draft.settings->region_id;
  reply.trace_on = draft.settings->trace_on ? "true" : "false";
  for (const int64_t offset : put.physical_offsets) {
    if (!reply.message_id.empty()) {
      reply.message_id.append(",");
    }
    reply.message_id.append(
        OffsetMessageId{.store_host = store_host_, .physical_offset = offset}.toText());
  }
  if (waits_for_safety_ && draft.properties.waits_for_store) {
    draft.outcome.safe_up_to = put.end_offset;
  }
  if (draft.isHalf()) {
    return;  // Counts when it is committed.
  }
  parts_.traffic.onPut({.topic = draft.topic->topic_name,
                        .queue_id = draft.queue_id,
                        .type = draft.messageType(),
                        .messages = static_cast<int32_t>(put.physical_offsets.size()),
                        .bytes = put.end_offset - put.physical_offsets.front(),
                        .duration_us = put.duration_us});
}

}  // namespace rocketmq::broker

#include "broker/send/send_back_service.h"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <optional>
#include <random>
#include <utility>

#include "broker/send/send_service.h"
#include "common/excerpt.h"
#include "common/message/message_id.h"
#include "common/message/properties.h"
#include "common/validate.h"

namespace rocketmq::broker {

using remoting::ResponseCode;

namespace {

/// A message that comes back for the first time waits as long as this level says.
constexpr int32_t kFirstRetryLevel = 3;

int32_t randomQueue(int32_t queues) {
  thread_local std::minstd_rand generator(std::random_device{}());
  return static_cast<int32_t>(generator() % static_cast<uint32_t>(queues));
}

std::string messageIdOf(const MessageRecord& record) {
  return OffsetMessageId{.store_host = record.store_host, .physical_offset = record.physical_offset}
      .toString();
}

/// Where a message was first sent to.
std::string_view originOf(const MessageRecord& original) {
  const std::string_view topic = findProperty(original.properties, property::kRetryTopic);
  return topic.empty() ? original.topic : topic;
}

/// The properties that a message has when it is stored again, without those of a delay.
PropertyMap propertiesAgain(const MessageRecord& original) {
  PropertyMap properties = parseProperties(original.properties);
  // Who has the topic only had to leave the id out: this message is not the first any more.
  if (properties.try_emplace(std::string(property::kRetryTopic), original.topic).second) {
    properties.try_emplace(std::string(property::kOriginMessageId), messageIdOf(original));
  }
  properties.insert_or_assign(std::string(property::kWait), "false");
  properties.erase(std::string(property::kDelayLevel));
  properties.erase(std::string(property::kRealTopic));
  properties.erase(std::string(property::kRealQueueId));
  return properties;
}

/// The text of the properties; those in `dispensable` are left out, one after the other, until
/// there is room for it in a record. Nullopt: that does not help.
std::optional<std::string> textOf(PropertyMap properties,
                                  std::initializer_list<std::string_view> dispensable) {
  std::string text = formatProperties(properties);
  for (const std::string_view name : dispensable) {
    if (text.size() <= kPropertiesLengthMax) {
      break;
    }
    properties.erase(std::string(name));
    text = formatProperties(properties);
  }
  return text.size() <= kPropertiesLengthMax ? std::optional(std::move(text)) : std::nullopt;
}

}  // namespace

SendBackService::SendBackService(Parts parts, const HostAddress& store_host)
    : parts_(parts), store_host_(store_host) {}

SendBackOutcome SendBackService::sendBack(const remoting::ConsumerSendMessageBack& request,
                                          int32_t client_version) const {
  const GroupConfigPtr group = parts_.groups.findOrCreate(request.group);
  if (group == nullptr) {
    return {.answer = {ResponseCode::kSubscriptionGroupNotExist,
                       "subscription group not exist, " + excerpt(request.group)}};
  }
  const auto settings = parts_.settings.load();
  if (!model::isWritable(settings->broker_permission)) {
    return {.answer = {ResponseCode::kNoPermission,
                       "the broker[" + settings->advertised_ip + "] sending message is forbidden"}};
  }
  if (group->retry_queue_nums <= 0) {
    return {};  // RocketMQ parity: such a group drops what it cannot consume.
  }
  const Result<store::LogSlice> slice = parts_.store.recordAt(request.offset);
  const Result<MessageRecord> original =
      slice.ok() ? decodeRecord(slice->bytes) : Result<MessageRecord>(slice.status());
  if (!original.ok()) {
    return {.answer = {ResponseCode::kSystemError, "look message by offset failed, " +
                                                       std::to_string(request.offset) + ": " +
                                                       original.status().message()}};
  }
  int32_t times_max = group->retry_max_times;
  if (client_version >= remoting::kVersion3_4_9) {
    times_max = request.max_reconsume_times.value_or(times_max);
  }
  const bool is_dead = request.delay_level < 0 || original->reconsume_times >= times_max;
  const Result<Target> target = targetOf(request, *group, *original, is_dead);
  if (!target.ok()) {
    return {.answer = {ResponseCode::kSystemError, target.status().message()}};
  }
  return storeAgain(request.group, *original, *target);
}

Result<SendBackService::Target> SendBackService::targetOf(
    const remoting::ConsumerSendMessageBack& request, const model::SubscriptionGroupConfig& group,
    const MessageRecord& original, bool is_dead) const {
  if (!is_dead) {
    ROCKETMQ_ASSIGN_OR_RETURN(Target retry, retryTarget(request, group, original.reconsume_times));
    if (setProperties(retry, original)) {
      return retry;
    }
    // Refused, it would be given back for ever.
  }
  ROCKETMQ_ASSIGN_OR_RETURN(Target dead_letter, deadLetterTarget(request.group));
  if (!setProperties(dead_letter, original)) {
    return Status::invalidArgument("the message's properties have become too long");
  }
  return dead_letter;
}

Result<SendBackService::Target> SendBackService::retryTarget(
    const remoting::ConsumerSendMessageBack& request, const model::SubscriptionGroupConfig& group,
    int32_t reconsume_times) const {
  Target target;
  ROCKETMQ_ASSIGN_OR_RETURN(
      target.topic, parts_.topics.createInternal(
                        std::string(kRetryTopicPrefix) + request.group, group.retry_queue_nums,
                        request.unit_mode ? model::kTopicUnitSubscription : 0));
  // The group's number may have been raised since the topic was made: messages in queues that it
  // does not have would never be read.
  const int32_t queues = std::min(group.retry_queue_nums, target.topic->read_queue_nums);
  target.queue_id = randomQueue(std::max(queues, 1));
  // A record may hold any count; levels beyond the table mean its last anyway.
  const int32_t level = request.delay_level > 0
                            ? request.delay_level
                            : kFirstRetryLevel + std::min(reconsume_times, 1000);
  target.delay_level = parts_.delay_levels.clip(level);
  return target;
}

Result<SendBackService::Target> SendBackService::deadLetterTarget(const std::string& group) const {
  Target target;
  ROCKETMQ_ASSIGN_OR_RETURN(target.topic,
                            parts_.topics.createInternal(std::string(kDlqTopicPrefix) + group, 1));
  target.is_dead_letter = true;
  return target;
}

bool SendBackService::setProperties(Target& target, const MessageRecord& original) {
  using namespace property;
  PropertyMap properties = propertiesAgain(original);
  if (target.delay_level > 0) {
    properties.emplace(kDelayLevel, std::to_string(target.delay_level));
    properties.emplace(kRealTopic, target.topic->topic_name);
    properties.emplace(kRealQueueId, std::to_string(target.queue_id));
  }
  std::optional<std::string> text =
      target.is_dead_letter
          ? textOf(std::move(properties),
                   {kOriginMessageId, kMsgRegion, kCluster, kWait, kRetryTopic})
          : textOf(std::move(properties), {kOriginMessageId, kMsgRegion, kCluster, kWait});
  target.properties = std::move(text).value_or("");
  return text.has_value();
}

SendBackOutcome SendBackService::storeAgain(const std::string& group, const MessageRecord& original,
                                            const Target& target) const {
  if (!model::isWritable(target.topic->perm)) {
    return {.answer = {ResponseCode::kNoPermission,
                       "the topic[" + target.topic->topic_name + "] sending message is forbidden"}};
  }
  MessageRecord record = original;
  const bool is_delayed = target.delay_level > 0;
  record.topic = is_delayed ? kScheduleTopic : std::string_view(target.topic->topic_name);
  record.queue_id = is_delayed ? target.delay_level - 1 : target.queue_id;
  record.store_host = store_host_;
  // The count comes from clients, so it may be anything.
  record.reconsume_times =
      std::min(original.reconsume_times, std::numeric_limits<int32_t>::max() - 1) + 1;
  record.prepared_transaction_offset = 0;
  record.properties = target.properties;
  const store::PutResult put = parts_.store.put(record);
  if (!put.ok()) {
    return {
        .answer = {ResponseCode::kSystemError, "the message was not stored again: " + put.detail}};
  }
  const std::string origin(originOf(original));
  parts_.traffic.onSendBack(group, origin);
  if (target.is_dead_letter) {
    parts_.traffic.onDeadLetter(group, origin);
  }
  return {.answer = {}, .safe_up_to = put.end_offset};
}

}  // namespace rocketmq::broker

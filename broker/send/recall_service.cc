#include "broker/send/recall_service.h"

#include <utility>

#include "broker/timer/timer_plan.h"
#include "common/excerpt.h"
#include "common/message/properties.h"
#include "common/model/permission.h"
#include "common/validate.h"

namespace rocketmq::broker {

using remoting::ResponseCode;

namespace {

constexpr std::string_view kMarkerBody = "0";
constexpr std::string_view kMarkerTag = "_RECALL_TAG_";

}  // namespace

RecallOutcome RecallService::recall(const remoting::RecallMessage& request,
                                    const HostAddress& born_host) const {
  const auto settings = parts_.settings.load();
  if (auto refusal = checkBroker(*settings)) {
    return {.answer = {refusal->code, std::move(refusal->remark)}};
  }
  if (parts_.topics.find(request.topic) == nullptr) {
    return {.answer = {ResponseCode::kTopicNotExist,
                       "recall failed, the topic[" + excerpt(request.topic) + "] not exist"}};
  }
  const Result<RecallHandle> handle = RecallHandle::parse(request.recall_handle);
  if (!handle.ok()) {
    return {.answer = {ResponseCode::kIllegalOperation, handle.status().message()}};
  }
  if (auto refusal = checkHandle(*handle, request.topic, *settings)) {
    return {.answer = {refusal->code, std::move(refusal->remark)}};
  }
  SendOutcome stored = storeMarker(*handle, request.producer_group.value_or(""), born_host);
  if (stored.needs_blocking || stored.answer.code != ResponseCode::kSuccess) {
    return {.answer = {ResponseCode::kSystemError,
                       "recall failed, execute error: " + stored.answer.remark}};
  }
  return {.answer = remoting::RecallMessageReply{.message_id = handle->unique_key,
                                                 .region = settings->region_id},
          .safe_up_to = stored.safe_up_to};
}

std::optional<RecallService::Refusal> RecallService::checkBroker(
    const BrokerSettings& settings) const {
  if (!settings.recall_message) {
    return Refusal{ResponseCode::kNoPermission,
                   "recall failed, operation is forbidden: set recallMessageEnable=true in the "
                   "broker's configuration (mqadmin updateBrokerConfig changes it at once)"};
  }
  if (settings.isSlave()) {
    return Refusal{ResponseCode::kSlaveNotAvailable,
                   "recall failed, broker service not available: this broker is a slave; ask the "
                   "master"};
  }
  if (parts_.clock.nowMs() < settings.accept_sends_from_ms) {
    return Refusal{ResponseCode::kServiceNotAvailable,
                   "recall failed, broker service not available until " +
                       std::to_string(settings.accept_sends_from_ms) + " (ms since 1970)"};
  }
  if (!model::isWritable(settings.broker_permission) && !settings.recall_when_not_writable) {
    return Refusal{ResponseCode::kServiceNotAvailable,
                   "recall failed, broker service not available: brokerPermission does not allow "
                   "writing, and allowRecallWhenBrokerNotWriteable is false"};
  }
  return std::nullopt;
}

std::optional<RecallService::Refusal> RecallService::checkHandle(
    const RecallHandle& handle, std::string_view topic, const BrokerSettings& settings) const {
  const auto illegal = [](std::string remark) {
    return Refusal{ResponseCode::kIllegalOperation, std::move(remark)};
  };
  if (handle.topic != topic) {
    return illegal("recall failed, topic not match: the handle is of topic " +
                   excerpt(handle.topic));
  }
  // A send to it may end among the dead letters, where a marker has no business.
  if (isRetryTopic(topic)) {
    return illegal("recall failed, topic is not supported: messages of retry topics stay");
  }
  if (handle.broker_name != settings.broker_name) {
    return illegal("recall failed, broker service not available: the handle is of broker " +
                   excerpt(handle.broker_name) + ", this is " + settings.broker_name);
  }
  const TimestampMs now = parts_.clock.nowMs();
  if (handle.deliver_ms <= now) {
    return illegal("recall failed, timestamp invalid: the message's time has come");
  }
  if (handle.deliver_ms - now >= settings.timer_delay_max_sec * 1000) {
    return illegal(
        "recall failed, timestamp invalid: no message waits for longer than "
        "timerMaxDelaySec");
  }
  return std::nullopt;
}

SendOutcome RecallService::storeMarker(const RecallHandle& handle,
                                       const std::string& producer_group,
                                       const HostAddress& born_host) const {
  const TimestampMs now = parts_.clock.nowMs();
  PropertyMap properties{
      {std::string(property::kTags), std::string(kMarkerTag)},
      {std::string(property::kTimerDeleteKey), deleteKeyOf(handle.topic, handle.unique_key)},
      {std::string(property::kUniqueKey), handle.unique_key},
      {std::string(property::kTimerDeliverMs), std::to_string(handle.deliver_ms)},
      {std::string(property::kBornTimestamp), std::to_string(now)},
      {std::string(property::kTraceContext), ""}};
  // A name that is none could bring properties of its own.
  if (validateGroup(producer_group).isOk()) {
    properties.emplace(property::kProducerGroup, producer_group);
  }
  const std::string property_text = formatProperties(properties);
  remoting::SendMessageHeader<std::string_view> header;
  header.producer_group = producer_group;
  header.topic = handle.topic;
  header.born_timestamp_ms = now;
  header.properties = property_text;
  return parts_.sends.send({.header = header, .body = kMarkerBody, .born_host = born_host});
}

}  // namespace rocketmq::broker

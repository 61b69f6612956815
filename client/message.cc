#include "rocketmq/message.h"

#include <charconv>

#include "client/producer/outgoing_message.h"
#include "common/message/properties.h"
#include "rocketmq/exceptions.h"
#include "rocketmq/message_util.h"
#include "rocketmq/send_result.h"

namespace rocketmq {

std::string MessageQueue::toString() const {
  return "MessageQueue [topic=" + topic + ", brokerName=" + broker_name +
         ", queueId=" + std::to_string(queue_id) + "]";
}

const char* toString(SendStatus status) {
  switch (status) {
    case SendStatus::kSendOk:
      return "SEND_OK";
    case SendStatus::kFlushDiskTimeout:
      return "FLUSH_DISK_TIMEOUT";
    case SendStatus::kFlushSlaveTimeout:
      return "FLUSH_SLAVE_TIMEOUT";
    case SendStatus::kSlaveNotAvailable:
      return "SLAVE_NOT_AVAILABLE";
  }
  return "UNKNOWN";
}

Message::Message(std::string topic, std::string body)
    : topic_(std::move(topic)), body_(std::move(body)) {}

Message::Message(std::string topic, std::string tags, std::string body)
    : Message(std::move(topic), std::move(body)) {
  setTags(tags);
}

Message::Message(std::string topic, std::string tags, std::string keys, std::string body)
    : Message(std::move(topic), std::move(tags), std::move(body)) {
  setKeys(keys);
}

void Message::setTags(const std::string& tags) { putProperty(property::kTags, tags); }

void Message::setKeys(const std::string& keys) { putProperty(property::kKeys, keys); }

void Message::setKeys(const std::vector<std::string>& keys) {
  std::string joined;
  for (const std::string& key : keys) {
    if (!joined.empty()) {
      joined += ' ';
    }
    joined += key;
  }
  setKeys(joined);
}

int32_t Message::delayTimeLevel() const {
  const std::string text = property(property::kDelayLevel);
  int32_t level = 0;
  std::from_chars(text.data(), text.data() + text.size(), level);
  return level;
}

void Message::setDelayTimeLevel(int32_t level) {
  putProperty(property::kDelayLevel, level > 0 ? std::to_string(level) : std::string());
}

void Message::setDelayTimeSec(int64_t seconds) {
  putProperty(property::kTimerDelaySec, std::to_string(seconds));
}

void Message::setDelayTimeMs(int64_t milliseconds) {
  putProperty(property::kTimerDelayMs, std::to_string(milliseconds));
}

void Message::setDeliverTimeMs(int64_t timestamp_ms) {
  putProperty(property::kTimerDeliverMs, std::to_string(timestamp_ms));
}

bool Message::waitStoreMsgOk() const { return property(property::kWait) != "false"; }

void Message::setWaitStoreMsgOk(bool wait) {
  putProperty(property::kWait, wait ? "true" : "false");
}

std::string Message::property(std::string_view name) const {
  const auto found = properties_.find(name);
  return found == properties_.end() ? std::string() : found->second;
}

void Message::putUserProperty(const std::string& name, const std::string& value) {
  if (name.empty() || value.empty()) {
    throw MQClientException(-1,
                            "The name or value of property can not be null or blank string! "
                            "property name: \"" +
                                name + "\"");
  }
  if (property::isReserved(name)) {
    throw MQClientException(-1,
                            "The Property<" + name + "> is used by system, input another please");
  }
  putProperty(name, value);
}

void Message::putProperty(std::string_view name, std::string value) {
  // An empty value cannot be told from an absent one on the wire.
  if (value.empty()) {
    removeProperty(name);
    return;
  }
  properties_.put(name, std::move(value));
}

void Message::removeProperty(std::string_view name) {
  const auto found = properties_.find(name);
  if (found != properties_.end()) {
    properties_.erase(found);
  }
}

Message createReplyMessage(const Message& request, std::string body) {
  // The broker adds the cluster, to every message; request() adds the others.
  for (const std::string_view name :
       {property::kCluster, property::kCorrelationId, property::kReplyToClient}) {
    if (request.property(name).empty()) {
      throw MQClientException(ClientErrorCode::kCreateReplyMessage,
                              "create reply message fail, requestMessage error, property[" +
                                  std::string(name) +
                                  "] is null: the message was not sent by request()");
    }
  }
  Message reply(client::replyTopicOf(request.property(property::kCluster)), std::move(body));
  reply.putProperty(property::kMessageType, std::string(client::kReplyMessageType));
  for (const std::string_view name :
       {property::kCorrelationId, property::kReplyToClient, property::kTtl}) {
    reply.putProperty(name, request.property(name));
  }
  return reply;
}

}  // namespace rocketmq

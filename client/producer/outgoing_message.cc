#include "client/producer/outgoing_message.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "client/instance/name_space.h"
#include "common/compress.h"
#include "common/log_limiter.h"
#include "common/message/message_id.h"
#include "common/message/properties.h"
#include "common/message/record.h"
#include "common/message/sys_flag.h"
#include "common/validate.h"

namespace rocketmq::client {
namespace {

using remoting::ResponseCode;

/// More than what the producer adds to the properties takes, but for a namespace.
constexpr size_t kAddedPropertiesBytes = 96;

ClientError illegal(std::string text) {
  return ClientError::client(std::move(text), static_cast<int32_t>(ResponseCode::kMessageIllegal));
}

Status checkTopic(const std::string& topic) {
  ROCKETMQ_RETURN_IF_ERROR(validateTopic(topic));
  if (isForbiddenToSend(topic)) {
    return Status::invalidArgument("Sending message to topic[" + topic + "] is forbidden.");
  }
  return Status::ok();
}

// The characters that separate properties would turn one property into several.
Status checkProperties(const Message& message) {
  constexpr std::string_view kSeparators = "\x01\x02";
  for (const auto& [name, value] : message.properties()) {
    if (name.find_first_of(kSeparators) != std::string::npos ||
        value.find_first_of(kSeparators) != std::string::npos) {
      return Status::invalidArgument("property \"" + name +
                                     "\" contains the character 0x01 or 0x02, which separates "
                                     "properties");
    }
  }
  return Status::ok();
}

Status checkBody(const Message& message, const ProducerConfig& config) {
  if (message.body().empty()) {
    return Status::invalidArgument("the message body length is zero");
  }
  if (message.body().size() > static_cast<size_t>(config.max_message_size)) {
    return Status::invalidArgument(
        "the message body size over max value, MAX: " + std::to_string(config.max_message_size) +
        ", size: " + std::to_string(message.body().size()));
  }
  return Status::ok();
}

std::optional<int32_t> takeNumber(MessageProperties& properties, std::string_view name) {
  const auto found = properties.find(name);
  if (found == properties.end()) {
    return std::nullopt;
  }
  int32_t number = 0;
  const std::string& text = found->second;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc()) {
    return std::nullopt;
  }
  properties.erase(found);
  return number;
}

/// Message::property() without a copy.
std::string_view valueOf(const Message& message, std::string_view name) {
  const auto found = message.properties().find(name);
  return found == message.properties().end() ? std::string_view() : found->second;
}

/// Calls `add(name, value)` for each property that the producer adds and `message` does not have.
template <class Add>
void forMissingProperties(const Message& message, const ProducerConfig& config, Add add) {
  if (valueOf(message, property::kUniqueKey).empty()) {
    add(property::kUniqueKey, newUniqueId().toString());
  }
  if (valueOf(message, property::kWait).empty()) {
    add(property::kWait, std::string("true"));
  }
  if (!config.name_space.empty() && valueOf(message, property::kInstanceId) != config.name_space) {
    add(property::kInstanceId, config.name_space);
  }
}

void addProducerProperties(Message& message, const ProducerConfig& config) {
  forMissingProperties(message, config, [&](std::string_view name, std::string value) {
    message.putProperty(name, std::move(value));
  });
}

/// To the text of the message's properties instead; returns the unique id.
std::string appendProducerProperties(const Message& message, const ProducerConfig& config,
                                     std::string& text) {
  std::string id(valueOf(message, property::kUniqueKey));
  forMissingProperties(message, config, [&](std::string_view name, std::string value) {
    appendProperty(text, name, value);
    if (name == property::kUniqueKey) {
      id = std::move(value);
    }
  });
  return id;
}

/// `topic`: as brokers know it.
void fillHeader(remoting::SendMessageHeader<std::string>& header, std::string topic,
                const ProducerConfig& config) {
  header.producer_group = wrapNamespace(config.name_space, config.producer_group);
  header.topic = std::move(topic);
  header.default_topic = config.create_topic_key;
  header.default_topic_queue_nums = config.default_topic_queue_nums;
  header.reconsume_times = 0;
  header.unit_mode = !config.unit_name.empty();
  header.batch = false;
}

CompressionType compressionOf(CompressType type) {
  switch (type) {
    case CompressType::kZlib:
      return CompressionType::kZlib;
    case CompressType::kLz4:
      return CompressionType::kLz4;
    case CompressType::kZstd:
      return CompressionType::kZstd;
  }
  return CompressionType::kZlib;
}

/// The body as it travels when it is compressed, which `sys_flag` then says; nullopt: as it is.
std::optional<std::string> compressedBody(const Message& message, const ProducerConfig& config,
                                          int32_t& sys_flag) {
  if (message.body().size() <= static_cast<size_t>(config.compress_msg_body_over_howmuch)) {
    return std::nullopt;
  }
  const CompressionType type = compressionOf(config.compress_type);
  Result<std::string> compressed = compress(type, message.body(), config.compress_level);
  if (!compressed.ok()) {
    static LogLimiter limiter;
    limiter.warn("message is sent uncompressed: {}", compressed.status().message());
    return std::nullopt;
  }
  // Else a body of the largest size that is allowed could travel larger than that.
  if (compressed->size() >= message.body().size()) {
    return std::nullopt;
  }
  // RocketMQ parity: the type bits are new (4.9.4); older readers look at bit 0 only and expect
  // zlib, which is the default.
  sys_flag |= sys_flag::kCompressed | compressionFlag(type);
  return std::move(*compressed);
}

Status checkBatchMember(const Message& message, const Message& first,
                        const ProducerConfig& config) {
  for (const std::string_view delay : {property::kDelayLevel, property::kTimerDelaySec,
                                       property::kTimerDelayMs, property::kTimerDeliverMs}) {
    if (!valueOf(message, delay).empty()) {
      return Status::invalidArgument("delayed messages are not supported in a batch");
    }
  }
  if (isRetryTopic(message.topic())) {
    return Status::invalidArgument("messages of a retry topic are not supported in a batch");
  }
  if (message.topic() != first.topic()) {
    return Status::invalidArgument("the topics of the messages in one batch differ: " +
                                   first.topic() + " and " + message.topic());
  }
  if (message.waitStoreMsgOk() != first.waitStoreMsgOk()) {
    return Status::invalidArgument("the waitStoreMsgOk of the messages in one batch differs");
  }
  ROCKETMQ_RETURN_IF_ERROR(checkBody(message, config));
  return checkProperties(message);
}

Status checkMessage(const Message& message, const ProducerConfig& config) {
  ROCKETMQ_RETURN_IF_ERROR(checkTopic(message.topic()));
  ROCKETMQ_RETURN_IF_ERROR(checkBody(message, config));
  return checkProperties(message);
}

/// The text of the properties, and what else of the header comes from them.
std::string takeProperties(const Message& message,
                           remoting::SendMessageHeader<std::string>& header) {
  if (valueOf(message, property::kTransactionPrepared) == "true") {
    header.sys_flag |= sys_flag::kTransactionPrepared;
  }
  if (!isRetryTopic(header.topic)) {
    return formatProperties(message.properties(), kAddedPropertiesBytes);
  }
  MessageProperties properties = message.properties();
  header.reconsume_times = takeNumber(properties, property::kReconsumeTime).value_or(0);
  header.max_reconsume_times = takeNumber(properties, property::kMaxReconsumeTimes);
  return formatProperties(properties, kAddedPropertiesBytes);
}

/// Of a message that has been checked. `body` gives the plain body, when it is that which travels.
template <class Body>
Outcome<OutgoingMessage> makeChecked(const Message& message, const ProducerConfig& config,
                                     Body body) {
  OutgoingMessage outgoing;
  outgoing.is_reply = valueOf(message, property::kMessageType) == kReplyMessageType;
  // The reply topic is the cluster's, outside of every namespace.
  fillHeader(
      outgoing.header,
      outgoing.is_reply ? message.topic() : wrapNamespace(config.name_space, message.topic()),
      config);
  outgoing.header.flag = message.flag();
  std::string properties = takeProperties(message, outgoing.header);
  outgoing.message_id = appendProducerProperties(message, config, properties);
  if (properties.size() > kPropertiesLengthMax) {
    return illegal("the properties are longer than " + std::to_string(kPropertiesLengthMax) +
                   " bytes");
  }
  outgoing.header.properties = std::move(properties);
  auto compressed = compressedBody(message, config, outgoing.header.sys_flag);
  outgoing.body = compressed ? std::move(*compressed) : body();
  return outgoing;
}

}  // namespace

int64_t OutgoingMessage::bytes() const {
  const size_t properties = header.properties ? header.properties->size() : 0;
  return static_cast<int64_t>(body.size() + properties);
}

std::string OutgoingMessage::idForLog() const {
  const size_t first_end = message_id.find(',');
  if (first_end == std::string::npos) {
    return message_id;
  }
  const auto more = std::count(message_id.begin(), message_id.end(), ',');
  return message_id.substr(0, first_end) + " and " + std::to_string(more) + " more";
}

Outcome<OutgoingMessage> makeOutgoing(Message& message, const ProducerConfig& config) {
  if (const Status status = checkMessage(message, config); !status.isOk()) {
    return illegal(status.message());
  }
  addProducerProperties(message, config);
  return makeChecked(message, config, [&] { return message.body(); });
}

Outcome<OutgoingMessage> makeOutgoing(Message&& message, const ProducerConfig& config) {
  if (const Status status = checkMessage(message, config); !status.isOk()) {
    return illegal(status.message());
  }
  return makeChecked(message, config, [&] { return message.takeBody(); });
}

Outcome<OutgoingMessage> makeOutgoingCopy(Message&& copy, const ProducerConfig& config) {
  return makeChecked(copy, config, [&] { return copy.takeBody(); });
}

Outcome<OutgoingMessage> makeOutgoingBatch(std::vector<Message>& batch,
                                           const ProducerConfig& config) {
  if (batch.empty()) {
    return illegal("the batch is empty");
  }
  if (const Status status = checkTopic(batch.front().topic()); !status.isOk()) {
    return illegal(status.message());
  }
  std::string body;
  OutgoingMessage outgoing;
  for (Message& message : batch) {
    if (const Status status = checkBatchMember(message, batch.front(), config); !status.isOk()) {
      return illegal(status.message());
    }
    addProducerProperties(message, config);
    const std::string properties = formatProperties(message.properties());
    if (properties.size() > kPropertiesLengthMax) {
      return illegal("the properties are longer than " + std::to_string(kPropertiesLengthMax) +
                     " bytes");
    }
    appendBatchItem({.flag = message.flag(), .body = message.body(), .properties = properties},
                    body);
    outgoing.message_id += (outgoing.message_id.empty() ? "" : ",") + message.uniqueKey();
  }
  if (body.size() > static_cast<size_t>(config.max_message_size)) {
    return illegal("the batch takes " + std::to_string(body.size()) + " bytes, more than " +
                   std::to_string(config.max_message_size) + "; use MessageBatchSplitter");
  }
  outgoing.is_batch = true;
  fillHeader(outgoing.header, wrapNamespace(config.name_space, batch.front().topic()), config);
  outgoing.header.batch = true;
  outgoing.header.properties = formatProperties(
      {{std::string(property::kWait), batch.front().waitStoreMsgOk() ? "true" : "false"}});
  outgoing.body = std::move(body);
  return outgoing;
}

Status checkGroup(const std::string& group, std::string_view name_space,
                  std::string_view reserved_name) {
  ROCKETMQ_RETURN_IF_ERROR(validateGroup(group));
  ROCKETMQ_RETURN_IF_ERROR(validateGroup(wrapNamespace(name_space, group)));
  if (group == reserved_name) {
    return Status::invalidArgument("the group can not be " + std::string(reserved_name) +
                                   ", please specify another one");
  }
  return Status::ok();
}

}  // namespace rocketmq::client

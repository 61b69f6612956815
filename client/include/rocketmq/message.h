#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rocketmq/message_properties.h"
#include "rocketmq/message_queue.h"

namespace rocketmq {

struct PackedMessages;  // The library's own.

/// A message to be sent: a topic, a body, and properties of which RocketMQ defines a few (tags,
/// keys, delay level, ...). A value type: copying copies everything.
class Message {
 public:
  Message() = default;
  Message(std::string topic, std::string body);
  Message(std::string topic, std::string tags, std::string body);
  /// `keys`: one or more words separated by blanks, by which queryMsgByKey finds the message.
  Message(std::string topic, std::string tags, std::string keys, std::string body);

  const std::string& topic() const { return topic_; }
  void setTopic(std::string topic) { topic_ = std::move(topic); }

  const std::string& body() const { return body_; }
  void setBody(std::string body) { body_ = std::move(body); }
  /// Takes the body out of a message that needs it no more.
  std::string takeBody() { return std::exchange(body_, {}); }

  /// The application's own 32 bits; the broker stores them as they are.
  int32_t flag() const { return flag_; }
  void setFlag(int32_t flag) { flag_ = flag; }

  /// Empty when the message has no tag.
  std::string tags() const { return property("TAGS"); }
  void setTags(const std::string& tags);

  std::string keys() const { return property("KEYS"); }
  void setKeys(const std::string& keys);
  void setKeys(const std::vector<std::string>& keys);

  /// 1 to 18 by default (1s 5s 10s 30s 1m ... 2h); 0 delivers at once.
  int32_t delayTimeLevel() const;
  void setDelayTimeLevel(int32_t level);

  /// Timer messages, which RocketMQ 5 delivers at any time up to 3 days ahead (by default) with a
  /// precision of one second; the first of the three that is set counts, and a delay level before
  /// them. A time that has passed delivers at once. Seconds or milliseconds from the broker's now:
  void setDelayTimeSec(int64_t seconds);
  void setDelayTimeMs(int64_t milliseconds);
  /// Milliseconds since 1970.
  void setDeliverTimeMs(int64_t timestamp_ms);

  /// False: the broker answers before the message is on disk or on a slave, whatever its mode.
  bool waitStoreMsgOk() const;
  void setWaitStoreMsgOk(bool wait);

  /// The value, or empty when absent.
  std::string property(std::string_view name) const;

  /// Sets a property of the application's own. Throws MQClientException for an empty name or value
  /// and for names that RocketMQ reserves (TAGS, KEYS, DELAY, ...: use the setters above).
  void putUserProperty(const std::string& name, const std::string& value);

  const MessageProperties& properties() const { return properties_; }

  /// Sets any property, also RocketMQ's own. For the library and for tools; applications use
  /// putUserProperty().
  void putProperty(std::string_view name, std::string value);
  void removeProperty(std::string_view name);

  /// The unique id the producer gave the message when it was sent (32 or 56 hex digits); empty
  /// before.
  std::string uniqueKey() const { return property("UNIQ_KEY"); }

 private:
  friend class MessageExtBuilder;

  std::string topic_;
  std::string body_;
  int32_t flag_ = 0;
  MessageProperties properties_;
};

/// A message as a consumer gets it (RocketMQ: MessageExt).
class MessageExt : public Message {
 public:
  /// The unique id if the message has one, else offsetMsgId().
  const std::string& msgId() const { return msg_id_; }
  /// The broker's id: its address and the message's place in the commit log, in hex.
  const std::string& offsetMsgId() const { return offset_msg_id_; }
  const std::string& brokerName() const { return broker_name_; }
  int32_t queueId() const { return queue_id_; }
  int64_t queueOffset() const { return queue_offset_; }
  int64_t commitLogOffset() const { return commit_log_offset_; }
  int32_t sysFlag() const { return sys_flag_; }
  /// Milliseconds since 1970, by the producer's clock.
  int64_t bornTimestamp() const { return born_timestamp_; }
  /// Milliseconds since 1970, by the broker's clock.
  int64_t storeTimestamp() const { return store_timestamp_; }
  /// "ip:port" of the producer and of the broker.
  const std::string& bornHost() const { return born_host_; }
  const std::string& storeHost() const { return store_host_; }
  /// How often the message was handed out and not consumed before.
  int32_t reconsumeTimes() const { return reconsume_times_; }
  int64_t preparedTransactionOffset() const { return prepared_transaction_offset_; }
  /// Size of the stored record in bytes.
  int32_t storeSize() const { return store_size_; }
  /// CRC-32 of the body as it was stored (before decompression), top bit cleared.
  uint32_t bodyCrc() const { return body_crc_; }

 private:
  friend class MessageExtBuilder;

  std::string msg_id_;
  std::string offset_msg_id_;
  std::string broker_name_;
  int32_t queue_id_ = 0;
  int64_t queue_offset_ = 0;
  int64_t commit_log_offset_ = 0;
  int32_t sys_flag_ = 0;
  int64_t born_timestamp_ = 0;
  int64_t store_timestamp_ = 0;
  std::string born_host_;
  std::string store_host_;
  int32_t reconsume_times_ = 0;
  int64_t prepared_transaction_offset_ = 0;
  int32_t store_size_ = 0;
  uint32_t body_crc_ = 0;
  // Until the message is unpacked: what holds its record, and where that is.
  std::shared_ptr<const PackedMessages> packed_in_;
  std::string_view packed_record_;
};

}  // namespace rocketmq

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "common/short_text.h"
#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

/// Where a sent message was stored. Carried by success and by the three "stored, but ..." codes
/// FLUSH_DISK_TIMEOUT, SLAVE_NOT_AVAILABLE and FLUSH_SLAVE_TIMEOUT.
struct SendMessageReply {
  ShortText message_id;  ///< Offset message ids, comma-joined for a batch.
  int32_t queue_id = 0;
  int64_t queue_offset = 0;                 ///< Of the first message of a batch.
  std::optional<ShortText> transaction_id;  ///< UNIQ_KEY of a message alone.
  std::optional<std::string> region;        ///< Broker setting regionId.
  std::optional<std::string> trace_on;      ///< Broker setting traceOn: "true" or "false".
  /// Of a timer message: what RecallMessage takes it back with.
  std::optional<std::string> recall_handle;

  static constexpr auto fields() {
    return std::tuple{required("msgId", &SendMessageReply::message_id),
                      required("queueId", &SendMessageReply::queue_id),
                      required("queueOffset", &SendMessageReply::queue_offset),
                      optional("transactionId", &SendMessageReply::transaction_id),
                      optional("MSG_REGION", &SendMessageReply::region),
                      optional("TRACE_ON", &SendMessageReply::trace_on),
                      optional("recallHandle", &SendMessageReply::recall_handle)};
  }
};

/// The header that all kinds of sends share (RocketMQ: SendMessageRequestHeader and ...V2); the
/// body is the message's body, or a batch (BatchItem) when `batch` is set. `Text` is std::string
/// where the header must own its text, std::string_view where it may point into the frame.
template <class Text>
struct SendMessageHeader {
  Text producer_group;
  Text topic;
  Text default_topic;  ///< Template for automatic creation, normally TBW102.
  int32_t default_topic_queue_nums = 0;
  int32_t queue_id = 0;  ///< Below 0: the broker picks one.
  int32_t sys_flag = 0;
  int64_t born_timestamp_ms = 0;
  int32_t flag = 0;
  std::optional<Text> properties;
  std::optional<int32_t> reconsume_times;
  std::optional<bool> unit_mode;
  std::optional<int32_t> max_reconsume_times;
  std::optional<bool> batch;
  std::optional<Text> broker_name;

  static constexpr auto fields() {
    using H = SendMessageHeader;
    return std::tuple{
        required("producerGroup", &H::producer_group).shortName("a"),
        required("topic", &H::topic).shortName("b"),
        required("defaultTopic", &H::default_topic).shortName("c"),
        required("defaultTopicQueueNums", &H::default_topic_queue_nums).shortName("d"),
        required("queueId", &H::queue_id).shortName("e"),
        required("sysFlag", &H::sys_flag).shortName("f"),
        required("bornTimestamp", &H::born_timestamp_ms).shortName("g"),
        required("flag", &H::flag).shortName("h"),
        optional("properties", &H::properties).shortName("i"),
        optional("reconsumeTimes", &H::reconsume_times).shortName("j"),
        optional("unitMode", &H::unit_mode).shortName("k"),
        optional("maxReconsumeTimes", &H::max_reconsume_times).shortName("l"),
        optional("batch", &H::batch).shortName("m"),
        optional("bname", &H::broker_name).shortName("n")};
  }
};

/// The header as views of `header`'s text, to encode it without a copy.
inline SendMessageHeader<std::string_view> viewOf(const SendMessageHeader<std::string>& header) {
  return {.producer_group = header.producer_group,
          .topic = header.topic,
          .default_topic = header.default_topic,
          .default_topic_queue_nums = header.default_topic_queue_nums,
          .queue_id = header.queue_id,
          .sys_flag = header.sys_flag,
          .born_timestamp_ms = header.born_timestamp_ms,
          .flag = header.flag,
          .properties = header.properties,
          .reconsume_times = header.reconsume_times,
          .unit_mode = header.unit_mode,
          .max_reconsume_times = header.max_reconsume_times,
          .batch = header.batch,
          .broker_name = header.broker_name};
}

/// A send with long field names (Go clients).
template <class Text>
struct BasicSendMessage : SendMessageHeader<Text> {
  static constexpr RequestCode kCode = RequestCode::kSendMessage;
  using Reply = SendMessageReply;
};

/// A send with one-letter field names (Java, C++ and Node clients).
template <class Text>
struct BasicSendMessageV2 : SendMessageHeader<Text> {
  static constexpr RequestCode kCode = RequestCode::kSendMessageV2;
  static constexpr NameStyle kNames = NameStyle::kShort;
  using Reply = SendMessageReply;
};

/// A batch, with one-letter field names.
template <class Text>
struct BasicSendBatchMessage : SendMessageHeader<Text> {
  static constexpr RequestCode kCode = RequestCode::kSendBatchMessage;
  static constexpr NameStyle kNames = NameStyle::kShort;
  using Reply = SendMessageReply;
};

using SendMessage = BasicSendMessage<std::string>;
using SendMessageV2 = BasicSendMessageV2<std::string>;
using SendBatchMessage = BasicSendBatchMessage<std::string>;

}  // namespace rocketmq::remoting

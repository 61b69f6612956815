#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "remoting/protocol/codes.h"
#include "remoting/protocol/commands/send_message.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

/// Sends the reply of a request-reply exchange, with long field names (Go clients); the broker
/// pushes it to the client that the property REPLY_TO_CLIENT names. (RocketMQ: SEND_REPLY_MESSAGE)
struct SendReplyMessage : SendMessageHeader<std::string> {
  static constexpr RequestCode kCode = RequestCode::kSendReplyMessage;
  using Reply = SendMessageReply;
};

/// The same with one-letter field names (Java clients). (RocketMQ: SEND_REPLY_MESSAGE_V2)
template <class Text>
struct BasicSendReplyMessageV2 : SendMessageHeader<Text> {
  static constexpr RequestCode kCode = RequestCode::kSendReplyMessageV2;
  static constexpr NameStyle kNames = NameStyle::kShort;
  using Reply = SendMessageReply;
};

using SendReplyMessageV2 = BasicSendReplyMessageV2<std::string>;

/// Brings a reply to the client that waits for it; the body is the reply's body as sent. From
/// broker to one producer, which answers. (RocketMQ: ReplyMessageRequestHeader)
struct PushReplyMessageToClient {
  static constexpr RequestCode kCode = RequestCode::kPushReplyMessageToClient;
  using Reply = NoFields;

  std::string producer_group;
  std::string topic;
  std::string default_topic;
  int32_t default_topic_queue_nums = 0;
  int32_t queue_id = 0;
  int32_t sys_flag = 0;
  int64_t born_timestamp_ms = 0;
  int32_t flag = 0;
  std::optional<std::string> properties{};
  std::optional<int32_t> reconsume_times{};
  bool unit_mode = false;
  std::string born_host;   ///< "ip:port" of the replying client.
  std::string store_host;  ///< "ip:port" of the broker.
  int64_t store_timestamp_ms = 0;

  static constexpr auto fields() {
    using C = PushReplyMessageToClient;
    return std::tuple{required("producerGroup", &C::producer_group),
                      required("topic", &C::topic),
                      required("defaultTopic", &C::default_topic),
                      required("defaultTopicQueueNums", &C::default_topic_queue_nums),
                      required("queueId", &C::queue_id),
                      required("sysFlag", &C::sys_flag),
                      required("bornTimestamp", &C::born_timestamp_ms),
                      required("flag", &C::flag),
                      optional("properties", &C::properties),
                      optional("reconsumeTimes", &C::reconsume_times),
                      optional("unitMode", &C::unit_mode),
                      required("bornHost", &C::born_host),
                      required("storeHost", &C::store_host),
                      required("storeTimestamp", &C::store_timestamp_ms)};
  }
};

}  // namespace rocketmq::remoting

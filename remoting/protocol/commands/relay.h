#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

// Requests of admin tools about a running client: the broker passes them on to that client.

/// Asks a consumer for its settings, queues and rates. From admin tools to the broker, and from
/// there to the client; the answer's body is ConsumerRunningInfo and is returned unparsed.
/// (RocketMQ: GetConsumerRunningInfoRequestHeader)
struct GetConsumerRunningInfo {
  static constexpr RequestCode kCode = RequestCode::kGetConsumerRunningInfo;
  using Reply = NoFields;

  std::string consumer_group;
  std::string client_id;
  std::optional<bool> jstack_enable{};  ///< Also asks for the stacks of the client's threads.

  static constexpr auto fields() {
    return std::tuple{required("consumerGroup", &GetConsumerRunningInfo::consumer_group),
                      required("clientId", &GetConsumerRunningInfo::client_id),
                      optional("jstackEnable", &GetConsumerRunningInfo::jstack_enable)};
  }
};

/// Makes a consumer handle one message now. From admin tools to the broker, which adds its name
/// and the stored message as body on the way to the client; the answer's body is
/// ConsumeMessageDirectlyResult. (RocketMQ: ConsumeMessageDirectlyResultRequestHeader)
struct ConsumeMessageDirectly {
  static constexpr RequestCode kCode = RequestCode::kConsumeMessageDirectly;
  using Reply = NoFields;

  std::string consumer_group;
  std::optional<std::string> client_id{};
  std::optional<std::string> message_id{};  ///< The broker's (offsetMsgId).
  std::optional<std::string> broker_name{};
  std::optional<std::string> topic{};  ///< 5.x, as the two below.
  std::optional<int32_t> topic_sys_flag{};
  std::optional<int32_t> group_sys_flag{};

  static constexpr auto fields() {
    using C = ConsumeMessageDirectly;
    return std::tuple{required("consumerGroup", &C::consumer_group),
                      optional("clientId", &C::client_id),
                      optional("msgId", &C::message_id),
                      optional("brokerName", &C::broker_name),
                      optional("topic", &C::topic),
                      optional("topicSysFlag", &C::topic_sys_flag),
                      optional("groupSysFlag", &C::group_sys_flag)};
  }
};

/// Where a group shall go on in a topic (RocketMQ: ResetOffsetRequestHeader).
struct ResetOffsetHeader {
  std::string topic;
  std::string group;
  int32_t queue_id = -1;            ///< -1: all queues (5.x).
  std::optional<int64_t> offset{};  ///< -1 or absent: by `timestamp_ms` (5.x).
  int64_t timestamp_ms = 0;         ///< -1: the end of each queue.
  bool is_force = false;            ///< False never moves a group forward.

  static constexpr auto fields() {
    using H = ResetOffsetHeader;
    return std::tuple{required("topic", &H::topic),
                      required("group", &H::group),
                      optional("queueId", &H::queue_id),
                      optional("offset", &H::offset),
                      required("timestamp", &H::timestamp_ms),
                      required("isForce", &H::is_force)};
  }
};

/// Moves a group to another time in a topic. Admin tools send it to the broker; the answer's body
/// is ResetOffsetBody with the new offsets. (RocketMQ: INVOKE_BROKER_TO_RESET_OFFSET)
struct InvokeBrokerToResetOffset : ResetOffsetHeader {
  static constexpr RequestCode kCode = RequestCode::kInvokeBrokerToResetOffset;
  using Reply = NoFields;
};

/// Tells a consumer to go on from other offsets, which its body (ResetOffsetBody) lists. One-way
/// from broker to every client of the group. (RocketMQ: RESET_CONSUMER_CLIENT_OFFSET)
struct ResetConsumerClientOffset : ResetOffsetHeader {
  static constexpr RequestCode kCode = RequestCode::kResetConsumerClientOffset;
  using Reply = NoFields;
};

/// Whose position in a topic is asked for (RocketMQ: GetConsumerStatusRequestHeader).
struct GetConsumerStatusHeader {
  std::string topic;
  std::string group;
  std::optional<std::string> client_address{};  ///< A client id; blank or absent: all clients.

  static constexpr auto fields() {
    return std::tuple{required("topic", &GetConsumerStatusHeader::topic),
                      required("group", &GetConsumerStatusHeader::group),
                      optional("clientAddr", &GetConsumerStatusHeader::client_address)};
  }
};

/// Asks for the offsets that the clients of a group have reached. Admin tools send it to the
/// broker; the answer's body is GetConsumerStatusBody with one table per client.
/// (RocketMQ: INVOKE_BROKER_TO_GET_CONSUMER_STATUS)
struct InvokeBrokerToGetConsumerStatus : GetConsumerStatusHeader {
  static constexpr RequestCode kCode = RequestCode::kInvokeBrokerToGetConsumerStatus;
  using Reply = NoFields;
};

/// Asks one consumer for the offsets that it has reached. From broker to client; the answer's body
/// is GetConsumerStatusBody. (RocketMQ: GET_CONSUMER_STATUS_FROM_CLIENT)
struct GetConsumerStatusFromClient : GetConsumerStatusHeader {
  static constexpr RequestCode kCode = RequestCode::kGetConsumerStatusFromClient;
  using Reply = NoFields;
};

}  // namespace rocketmq::remoting

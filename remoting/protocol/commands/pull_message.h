#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

/// Where a consumer goes on. Carried by success and by PULL_NOT_FOUND, PULL_RETRY_IMMEDIATELY and
/// PULL_OFFSET_MOVED: Java clients fail without the four required fields. On success the body is
/// stored messages back to back. (RocketMQ: PullMessageResponseHeader)
struct PullMessageReply {
  int64_t suggest_which_broker_id = 0;  ///< 0: the master.
  int64_t next_begin_offset = 0;
  int64_t min_offset = 0;
  int64_t max_offset = 0;
  std::optional<int64_t> offset_delta{};  ///< Static topics only (5.x), as the three below.
  std::optional<int32_t> topic_sys_flag{};
  std::optional<int32_t> group_sys_flag{};
  std::optional<int32_t> forbidden_type{};

  static constexpr auto fields() {
    using R = PullMessageReply;
    return std::tuple{required("suggestWhichBrokerId", &R::suggest_which_broker_id),
                      required("nextBeginOffset", &R::next_begin_offset),
                      required("minOffset", &R::min_offset),
                      required("maxOffset", &R::max_offset),
                      optional("offsetDelta", &R::offset_delta),
                      optional("topicSysFlag", &R::topic_sys_flag),
                      optional("groupSysFlag", &R::group_sys_flag),
                      optional("forbiddenType", &R::forbidden_type)};
  }
};

/// The remark of a PULL_OFFSET_MOVED that is the first answer after an administrator has moved the
/// group, as brokers of RocketMQ 5 give it.
inline constexpr const char* kOffsetResetRemark = "OFFSET_RESET";

/// Bits of PullMessageHeader::sys_flag (RocketMQ: PullSysFlag).
inline constexpr int32_t kPullFlagCommitOffset = 1;  ///< commit_offset is valid: store it.
inline constexpr int32_t kPullFlagSuspend = 2;       ///< The broker may hold the request.
inline constexpr int32_t kPullFlagSubscription = 4;  ///< `subscription` is part of the request.
inline constexpr int32_t kPullFlagClassFilter = 8;   ///< Java filter classes; gone since 4.x.
inline constexpr int32_t kPullFlagLitePull = 16;     ///< From a lite pull consumer.

/// The header that both kinds of pulls share (RocketMQ: PullMessageRequestHeader). `Text` is
/// std::string where the header must own its text, std::string_view where it may point into the
/// frame.
template <class Text>
struct PullMessageHeader {
  Text consumer_group;
  Text topic;
  int32_t queue_id = 0;
  int64_t queue_offset = 0;  ///< The first offset wanted.
  int32_t max_messages = 0;
  int32_t sys_flag = 0;  ///< Bits kPullFlag...
  int64_t commit_offset = 0;
  int64_t suspend_timeout_ms = 0;
  std::optional<Text> subscription{};  ///< The expression; present and empty from Go clients.
  int64_t subscription_version = 0;
  std::optional<Text> expression_type{};       ///< "TAG" (when absent) or "SQL92".
  std::optional<int32_t> message_bytes_max{};  ///< 5.x clients.
  std::optional<int32_t> request_source{};     ///< 5.x proxies, as the next.
  std::optional<Text> proxy_forward_client_id{};

  static constexpr auto fields() {
    using H = PullMessageHeader;
    return std::tuple{required("consumerGroup", &H::consumer_group),
                      required("topic", &H::topic),
                      required("queueId", &H::queue_id),
                      required("queueOffset", &H::queue_offset),
                      required("maxMsgNums", &H::max_messages),
                      required("sysFlag", &H::sys_flag),
                      required("commitOffset", &H::commit_offset),
                      required("suspendTimeoutMillis", &H::suspend_timeout_ms),
                      optional("subscription", &H::subscription),
                      required("subVersion", &H::subscription_version),
                      optional("expressionType", &H::expression_type),
                      optional("maxMsgBytes", &H::message_bytes_max),
                      optional("requestSource", &H::request_source),
                      optional("proxyFrowardClientId", &H::proxy_forward_client_id)};
  }
};

/// Asks for the messages of a queue from an offset on; every consumer's main loop.
template <class Text>
struct BasicPullMessage : PullMessageHeader<Text> {
  static constexpr RequestCode kCode = RequestCode::kPullMessage;
  using Reply = PullMessageReply;
};

/// The same from the lite pull consumers of 5.x.
template <class Text>
struct BasicLitePullMessage : PullMessageHeader<Text> {
  static constexpr RequestCode kCode = RequestCode::kLitePullMessage;
  using Reply = PullMessageReply;
};

using PullMessage = BasicPullMessage<std::string>;
using LitePullMessage = BasicLitePullMessage<std::string>;

}  // namespace rocketmq::remoting

#pragma once

#include <cstdint>
#include <string_view>

namespace rocketmq::broker {

// Where transactions live (RocketMQ: TransactionalMessageUtil). Each topic has one queue, 0.

/// Half messages: sent, but not to be seen by consumers before their transaction is committed.
inline constexpr std::string_view kHalfTopic = "RMQ_SYS_TRANS_HALF_TOPIC";
/// One record per ended half message, whose body is the half message's queue offset.
inline constexpr std::string_view kOpTopic = "RMQ_SYS_TRANS_OP_HALF_TOPIC";
/// Half messages that no producer would decide on.
inline constexpr std::string_view kCheckMaxTopic = "TRANS_CHECK_MAX_TIME_TOPIC";
/// The group whose consumer offsets tell how far the two topics have been worked off.
inline constexpr std::string_view kTransactionGroup = "CID_RMQ_SYS_TRANS";
inline constexpr int32_t kTransactionQueue = 0;

}  // namespace rocketmq::broker

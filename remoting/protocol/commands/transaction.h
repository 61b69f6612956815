#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

// Values of EndTransaction::commit_or_rollback: the transaction bits of a message's sysFlag.
inline constexpr int32_t kTransactionUnknown = 0;
inline constexpr int32_t kTransactionCommit = 8;
inline constexpr int32_t kTransactionRollback = 12;

/// Commits or rolls back a half message. Transaction producers send it after the local transaction
/// and as the answer to CheckTransactionState; the frame's remark may carry the local error.
/// (RocketMQ: EndTransactionRequestHeader)
struct EndTransaction {
  static constexpr RequestCode kCode = RequestCode::kEndTransaction;
  using Reply = NoFields;

  std::optional<std::string> topic{};  ///< The real topic (5.x).
  std::string producer_group;
  int64_t transaction_state_table_offset = 0;  ///< The half message's queue offset.
  int64_t commit_log_offset = 0;
  int32_t commit_or_rollback = 0;  ///< kTransactionUnknown, ...Commit or ...Rollback.
  bool from_transaction_check = false;
  std::string message_id;  ///< The client's (UNIQ_KEY).
  std::optional<std::string> transaction_id{};
  std::optional<std::string> broker_name{};

  static constexpr auto fields() {
    using C = EndTransaction;
    return std::tuple{optional("topic", &C::topic),
                      required("producerGroup", &C::producer_group),
                      required("tranStateTableOffset", &C::transaction_state_table_offset),
                      required("commitLogOffset", &C::commit_log_offset),
                      required("commitOrRollback", &C::commit_or_rollback),
                      optional("fromTransactionCheck", &C::from_transaction_check),
                      required("msgId", &C::message_id),
                      optional("transactionId", &C::transaction_id),
                      optional("bname", &C::broker_name)};
  }
};

/// Asks a producer how the local transaction of a half message ended. One-way from broker to one
/// client of the group; the body is the half message as stored, with its real topic and queue.
/// (RocketMQ: CheckTransactionStateRequestHeader)
struct CheckTransactionState {
  static constexpr RequestCode kCode = RequestCode::kCheckTransactionState;
  using Reply = NoFields;

  std::optional<std::string> topic{};  ///< The half messages' topic (5.x).
  int64_t transaction_state_table_offset = 0;
  int64_t commit_log_offset = 0;
  std::optional<std::string> message_id{};      ///< The client's (UNIQ_KEY), ...
  std::optional<std::string> transaction_id{};  ///< ... and again.
  std::optional<std::string> offset_message_id{};
  std::optional<std::string> broker_name{};

  static constexpr auto fields() {
    using C = CheckTransactionState;
    return std::tuple{optional("topic", &C::topic),
                      required("tranStateTableOffset", &C::transaction_state_table_offset),
                      required("commitLogOffset", &C::commit_log_offset),
                      optional("msgId", &C::message_id),
                      optional("transactionId", &C::transaction_id),
                      optional("offsetMsgId", &C::offset_message_id),
                      optional("bname", &C::broker_name)};
  }
};

/// Makes the broker check a half message again from the start. Admin tools send it.
/// (RocketMQ: ResumeCheckHalfMessageRequestHeader)
struct ResumeCheckHalfMessage {
  static constexpr RequestCode kCode = RequestCode::kResumeCheckHalfMessage;
  using Reply = NoFields;

  std::optional<std::string> topic{};       ///< 5.x.
  std::optional<std::string> message_id{};  ///< The broker's (offsetMsgId).

  static constexpr auto fields() {
    return std::tuple{optional("topic", &ResumeCheckHalfMessage::topic),
                      optional("msgId", &ResumeCheckHalfMessage::message_id)};
  }
};

}  // namespace rocketmq::remoting

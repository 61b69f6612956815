#pragma once

#include <optional>
#include <string>
#include <tuple>

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

/// Which message has been recalled.
struct RecallMessageReply {
  std::string message_id;  ///< Its unique key.
  std::optional<std::string> region{};

  static constexpr auto fields() {
    return std::tuple{required("msgId", &RecallMessageReply::message_id),
                      optional("MSG_REGION", &RecallMessageReply::region)};
  }
};

/// Takes back a timer message whose time has not come; the handle is what the send was answered
/// with. (RocketMQ 5: RecallMessageRequestHeader)
struct RecallMessage {
  static constexpr RequestCode kCode = RequestCode::kRecallMessage;
  using Reply = RecallMessageReply;

  std::optional<std::string> producer_group{};
  std::string topic;
  std::string recall_handle;
  std::optional<std::string> broker_name{};

  static constexpr auto fields() {
    using C = RecallMessage;
    return std::tuple{optional("producerGroup", &C::producer_group), required("topic", &C::topic),
                      required("recallHandle", &C::recall_handle),
                      optional("bname", &C::broker_name)};
  }
};

}  // namespace rocketmq::remoting

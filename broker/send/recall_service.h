#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "broker/send/send_service.h"
#include "broker/settings.h"
#include "broker/topic/topic_table.h"
#include "common/clock.h"
#include "common/message/host_address.h"
#include "common/message/recall_handle.h"
#include "remoting/answer.h"
#include "remoting/protocol/commands/recall_message.h"

namespace rocketmq::broker {

/// What became of a recall; `safe_up_to` as in SendOutcome.
struct RecallOutcome {
  remoting::Answer<remoting::RecallMessageReply> answer;
  int64_t safe_up_to = 0;
};

/// Takes back timer messages that still wait (RocketMQ: RecallMessageProcessor). A recall is a
/// timer message itself, a delete marker for the same step of time: when that step is due, the
/// TimerService leaves out the message that the marker names. So a recall survives what messages
/// survive, and may be repeated.
///
/// Threads: any; never blocks.
class RecallService {
 public:
  /// Everything is borrowed.
  struct Parts {
    const LiveSettings& settings;
    const TopicTable& topics;
    SendService& sends;
    const Clock& clock;
  };

  explicit RecallService(const Parts& parts) : parts_(parts) {}

  /// Checks in RocketMQ's order, then stores the marker. That the message exists is not checked.
  RecallOutcome recall(const remoting::RecallMessage& request, const HostAddress& born_host) const;

 private:
  struct Refusal {
    remoting::ResponseCode code;
    std::string remark;
  };

  std::optional<Refusal> checkBroker(const BrokerSettings& settings) const;
  /// Whether the handle names a message of this topic, of this broker, and still in time.
  std::optional<Refusal> checkHandle(const RecallHandle& handle, std::string_view topic,
                                     const BrokerSettings& settings) const;
  SendOutcome storeMarker(const RecallHandle& handle, const std::string& producer_group,
                          const HostAddress& born_host) const;

  const Parts parts_;
};

}  // namespace rocketmq::broker

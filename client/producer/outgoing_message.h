#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/instance/client_error.h"
#include "remoting/protocol/commands/send_message.h"
#include "rocketmq/default_mq_producer.h"
#include "rocketmq/message.h"

namespace rocketmq::client {

/// What the property MSG_TYPE says of a reply.
inline constexpr std::string_view kReplyMessageType = "reply";

/// The topic to which the replies to a cluster's requests are sent. Every broker of the cluster
/// has it.
inline std::string replyTopicOf(const std::string& cluster) { return cluster + "_REPLY_TOPIC"; }

/// A message or batch made ready to be sent: what stays the same over all tries. The queue, the
/// broker's name and the time of birth are filled in when it leaves.
struct OutgoingMessage {
  remoting::SendMessageHeader<std::string> header;
  std::string body;
  /// Unique id, comma-joined for a batch.
  std::string message_id;
  bool is_batch = false;
  /// The answer to a request: the broker brings it to the one client that waits for it.
  bool is_reply = false;

  /// What it counts for in the bound of asynchronous sends in flight.
  int64_t bytes() const;
  /// The unique id; of a batch the first one, and how many follow.
  std::string idForLog() const;
};

/// Checks a message, gives it its unique id, compresses its body if that is due and encodes its
/// properties (RocketMQ: Validators.checkMessage, DefaultMQProducerImpl.sendKernelImpl). `message`
/// keeps its plain body and the topic without namespace. Errors are the caller's fault.
Outcome<OutgoingMessage> makeOutgoing(Message& message, const ProducerConfig& config);
/// The same for a message that nobody needs any more: its body is moved.
Outcome<OutgoingMessage> makeOutgoing(Message&& message, const ProducerConfig& config);
/// The same for a copy of what a broker has delivered. The rules for what producers may send are
/// not asked: nobody can bring the message into line with them any more, and the broker has its
/// own. Only properties that have become too long are an error.
Outcome<OutgoingMessage> makeOutgoingCopy(Message&& copy, const ProducerConfig& config);

/// The same for all messages in one request (RocketMQ: MessageBatch). They must have one topic,
/// which is no retry topic, one WAIT flag and no delay.
Outcome<OutgoingMessage> makeOutgoingBatch(std::vector<Message>& batch,
                                           const ProducerConfig& config);

/// Name rules for the groups of user clients, which hold with the namespace too.
Status checkGroup(const std::string& group, std::string_view name_space,
                  std::string_view reserved_name);

}  // namespace rocketmq::client

#include "client/producer/send_call.h"

#include <utility>

#include "client/instance/name_space.h"

namespace rocketmq::client {

using remoting::ResponseCode;

const MessageQueue* chooseQueue(const std::vector<MessageQueue>& queues, uint32_t turn,
                                const std::string& last_broker,
                                const std::function<bool(const std::string&)>& is_available) {
  const MessageQueue* other_broker = nullptr;
  const MessageQueue* available = nullptr;
  for (size_t i = 0; i < queues.size(); ++i) {
    const MessageQueue& queue = queues[(turn + i) % queues.size()];
    const bool is_other = queue.broker_name != last_broker;
    const bool is_good = !is_available || is_available(queue.broker_name);
    if (is_other && is_good) {
      return &queue;
    }
    if (is_other && other_broker == nullptr) {
      other_broker = &queue;
    }
    if (is_good && available == nullptr) {
      available = &queue;
    }
  }
  if (available != nullptr && is_available) {
    return available;
  }
  if (other_broker != nullptr) {
    return other_broker;
  }
  return queues.empty() ? nullptr : &queues[turn % queues.size()];
}

SendResult makeSendResult(const SendCall& call, std::string message_id, SendStatus status,
                          const remoting::SendMessageReply& reply, const std::string& name_space) {
  SendResult result;
  result.status = status;
  result.msg_id = std::move(message_id);
  result.offset_msg_id = reply.message_id;
  result.message_queue = {withoutNamespace(name_space, call.queue.topic), call.queue.broker_name,
                          reply.queue_id};
  result.queue_offset = reply.queue_offset;
  result.transaction_id = reply.transaction_id.value_or("");
  result.region_id = reply.region.value_or("");
  result.trace_on = reply.trace_on != "false";
  result.recall_handle = reply.recall_handle.value_or("");
  return result;
}

std::optional<SendStatus> sendStatusOf(ResponseCode code) {
  switch (code) {
    case ResponseCode::kSuccess:
      return SendStatus::kSendOk;
    case ResponseCode::kFlushDiskTimeout:
      return SendStatus::kFlushDiskTimeout;
    case ResponseCode::kFlushSlaveTimeout:
      return SendStatus::kFlushSlaveTimeout;
    case ResponseCode::kSlaveNotAvailable:
      return SendStatus::kSlaveNotAvailable;
    default:
      return std::nullopt;
  }
}

}  // namespace rocketmq::client

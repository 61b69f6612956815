// AdminClient: calls to brokers about messages and the offsets of queues.

#include <algorithm>
#include <chrono>
#include <sstream>

#include "client/admin/admin_client.h"
#include "client/admin/admin_client_impl.h"
#include "client/consumer/pull_request.h"
#include "client/instance/topic_route.h"
#include "client/producer/outgoing_message.h"
#include "client/producer/send_call.h"
#include "common/clock.h"
#include "common/message/message_id.h"
#include "common/model/subscription_data.h"
#include "remoting/protocol/commands/offsets.h"
#include "remoting/protocol/commands/pull_message.h"
#include "remoting/protocol/commands/query_message.h"
#include "remoting/protocol/commands/send_message.h"

namespace rocketmq::client {
namespace {

constexpr const char* kToolsGroup = "TOOLS_CONSUMER";
constexpr const char* kToolsProducerGroup = "CLIENT_INNER_PRODUCER";

// The index holds hashes of keys, so an answer may contain messages that have other ones.
bool hasKey(const MessageExt& message, const AdminClient::MessageQuery& query) {
  if (message.topic() != query.topic) {
    return false;
  }
  if (query.unique_key) {
    return message.msgId() == query.key;
  }
  std::istringstream words(message.keys());
  for (std::string word; words >> word;) {
    if (word == query.key) {
      return true;
    }
  }
  return false;
}

std::string masterAddress(const model::TopicRouteData& route, const std::string& broker_name) {
  for (const model::BrokerData& broker : route.broker_datas) {
    const auto master = broker.broker_addrs.find(0);
    if (broker.broker_name == broker_name && master != broker.broker_addrs.end()) {
      return master->second;
    }
  }
  return {};
}

}  // namespace

Result<int64_t> AdminClient::maxOffset(const std::string& address, const std::string& topic,
                                       int32_t queue_id) {
  ROCKETMQ_ASSIGN_OR_RETURN(
      const auto reply,
      call(address, remoting::GetMaxOffset{.topic = topic, .queue_id = queue_id, .committed = {}}));
  return reply.header.offset;
}

Result<int64_t> AdminClient::minOffset(const std::string& address, const std::string& topic,
                                       int32_t queue_id) {
  ROCKETMQ_ASSIGN_OR_RETURN(
      const auto reply,
      call(address, remoting::GetMinOffset{.topic = topic, .queue_id = queue_id}));
  return reply.header.offset;
}

Result<int64_t> AdminClient::searchOffset(const std::string& address, const std::string& topic,
                                          int32_t queue_id, int64_t timestamp_ms) {
  ROCKETMQ_ASSIGN_OR_RETURN(const auto reply, call(address, remoting::SearchOffsetByTimestamp{
                                                                .topic = topic,
                                                                .queue_id = queue_id,
                                                                .timestamp_ms = timestamp_ms,
                                                                .boundary_type = {}}));
  return reply.header.offset;
}

Status AdminClient::updateConsumerOffset(const std::string& address, const std::string& group,
                                         const std::string& topic, int32_t queue_id,
                                         int64_t offset) {
  return tell(
      address,
      remoting::UpdateConsumerOffset{
          .consumer_group = group, .topic = topic, .queue_id = queue_id, .commit_offset = offset});
}

Result<std::vector<MessageExt>> AdminClient::queryMessages(const std::string& address,
                                                           const MessageQuery& query) {
  remoting::QueryMessage request;
  request.topic = query.topic;
  request.key = query.key;
  request.max_messages = query.max_messages;
  request.begin_ms = query.begin_ms;
  request.end_ms = query.end_ms;
  request.unique_key = query.unique_key;
  ROCKETMQ_ASSIGN_OR_RETURN(const auto reply,
                            acceptedUnless(remoting::ResponseCode::kQueryNotFound,
                                           exchange(address, std::move(request))));
  if (!reply) {
    return std::vector<MessageExt>();
  }
  DecodedMessages decoded = decodeMessages(reply->body);
  ROCKETMQ_RETURN_IF_ERROR(decoded.rest);
  std::erase_if(decoded.messages,
                [&query](const MessageExt& message) { return !hasKey(message, query); });
  return std::move(decoded.messages);
}

Result<MessageExt> AdminClient::messageById(const std::string& offset_message_id) {
  ROCKETMQ_ASSIGN_OR_RETURN(const OffsetMessageId id, OffsetMessageId::parse(offset_message_id));
  ROCKETMQ_ASSIGN_OR_RETURN(
      const auto reply, call(id.store_host.toString(),
                             remoting::ViewMessageById{.topic = {}, .offset = id.physical_offset}));
  DecodedMessages decoded = decodeMessages(reply.body);
  ROCKETMQ_RETURN_IF_ERROR(decoded.rest);
  if (decoded.messages.empty()) {
    return Status::notFound("no message with the id " + offset_message_id);
  }
  return std::move(decoded.messages.front());
}

Result<PullResult> AdminClient::pull(const std::string& address, const MessageQueue& queue,
                                     int64_t offset, int32_t max_messages,
                                     const std::string& tags) {
  ROCKETMQ_ASSIGN_OR_RETURN(const model::SubscriptionData subscription,
                            model::parseSubscription(queue.topic, tags, model::kExpressionTag, 0));
  remoting::PullMessage request;
  request.consumer_group = kToolsGroup;
  request.topic = queue.topic;
  request.queue_id = queue.queue_id;
  request.queue_offset = offset;
  request.max_messages = max_messages;
  request.sys_flag = remoting::kPullFlagSubscription;
  request.subscription = subscription.sub_string;
  request.expression_type = subscription.expression_type;
  auto reply = impl_->client.callSync(address, std::move(request), {}, deadline());
  if (!reply.ok()) {
    return reply.status().withContext(address);
  }
  const std::optional<PullStatus> status = pullStatusOf(reply->code);
  if (!status) {
    return refused(reply->code, reply->remark);
  }
  PullResult result{.status = *status,
                    .next_begin_offset = reply->header.next_begin_offset,
                    .min_offset = reply->header.min_offset,
                    .max_offset = reply->header.max_offset,
                    .messages = {}};
  DecodedMessages decoded = decodeMessages(reply->body, queue.broker_name);
  ROCKETMQ_RETURN_IF_ERROR(decoded.rest);
  std::erase_if(decoded.messages, [&](const MessageExt& message) {
    return !subscription.tags_set.empty() && !subscription.tags_set.contains(message.tags());
  });
  result.messages = std::move(decoded.messages);
  return result;
}

Result<SendResult> AdminClient::send(Message message, const SendTo& to) {
  return sendAs(std::move(message), to, false);
}

Result<SendResult> AdminClient::sendCopy(Message copy) { return sendAs(std::move(copy), {}, true); }

Result<SendResult> AdminClient::sendAs(Message message, const SendTo& to, bool is_copy) {
  const std::string topic = message.topic();
  ROCKETMQ_ASSIGN_OR_RETURN(model::TopicRouteData data, topicRoute(topic));
  const TopicRoute route(topic, std::move(data), false, {});
  std::vector<MessageQueue> queues = route.publish_queues;
  std::erase_if(queues, [&to](const MessageQueue& queue) {
    return (to.broker_name && queue.broker_name != *to.broker_name) ||
           (to.queue_id && queue.queue_id != *to.queue_id);
  });
  if (queues.empty()) {
    return Status::notFound("topic " + topic + " has no such queue that can be written");
  }
  ProducerConfig config;
  config.producer_group = kToolsProducerGroup;
  Outcome<OutgoingMessage> outgoing =
      is_copy ? makeOutgoingCopy(std::move(message), config) : makeOutgoing(message, config);
  if (!outgoing.ok()) {
    return Status::invalidArgument(outgoing.error().message);
  }
  SendCall call_state;
  call_state.queue = queues[route.nextTurn() % queues.size()];
  call_state.outgoing = std::move(outgoing.value());
  remoting::SendMessageV2 request{call_state.outgoing.header};
  request.queue_id = call_state.queue.queue_id;
  request.born_timestamp_ms = SystemClock::instance().nowMs();
  const std::string address = masterAddress(route.data, call_state.queue.broker_name);
  auto reply =
      impl_->client.callSync(address, std::move(request), call_state.outgoing.body, deadline());
  if (!reply.ok()) {
    return reply.status().withContext(address);
  }
  const std::optional<SendStatus> status = sendStatusOf(reply->code);
  if (!status) {
    return refused(reply->code, reply->remark);
  }
  return makeSendResult(call_state, call_state.outgoing.message_id, *status, reply->header, {});
}

}  // namespace rocketmq::client

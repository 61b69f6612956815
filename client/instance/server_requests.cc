// ClientInstance: what brokers ask of their clients.

#include <memory>
#include <utility>

#include "client/instance/client_instance.h"
#include "client/message_decoder.h"
#include "client/message_ext_builder.h"
#include "common/clock.h"
#include "common/compress.h"
#include "common/json/encode.h"
#include "common/log.h"
#include "common/log_limiter.h"
#include "common/message/properties.h"
#include "common/message/sys_flag.h"
#include "remoting/protocol/bodies/offsets.h"
#include "remoting/protocol/commands/relay.h"
#include "remoting/protocol/commands/reply_message.h"
#include "remoting/protocol/commands/transaction.h"

namespace rocketmq::client {
namespace {

using remoting::Answer;
using remoting::NoFields;
using remoting::RequestContext;
using remoting::ResponseCode;

Answer<NoFields> noSuchGroup(const std::string& group) {
  return {ResponseCode::kSystemError,
          "The Consumer Group <" + group + "> not exist in this consumer"};
}

Message readReply(const remoting::PushReplyMessageToClient& request, std::string_view body) {
  Message reply(request.topic, std::string(body));
  if ((request.sys_flag & sys_flag::kCompressed) != 0) {
    Result<std::string> plain =
        decompress(compressionOf(request.sys_flag), body, MessageExtBuilder::kPlainBodyBytesMax);
    if (plain.ok()) {
      reply.setBody(std::move(*plain));
    } else {
      static LogLimiter limiter;
      limiter.warn("the body of a reply from {} stays compressed: {}", request.born_host,
                   plain.status().message());
    }
  }
  reply.setFlag(request.flag);
  for (auto& [name, value] : parseProperties(request.properties.value_or(""))) {
    reply.putProperty(name, value);
  }
  reply.putProperty(property::kArriveTime, std::to_string(SystemClock::instance().nowMs()));
  return reply;
}

/// A client has no lanes, and trusts its brokers.
constexpr remoting::HandlerOptions kWithBody{.inline_body_max = remoting::kAnyBodyBytes,
                                             .body_max = remoting::kAnyBodyBytes};

}  // namespace

void ClientInstance::registerServerRequests() {
  router_.handle<remoting::NotifyConsumerIdsChanged>(
      {}, [this](const remoting::NotifyConsumerIdsChanged& request, const RequestContext&) {
        withConsumer(request.consumer_group, [](GroupMember& member) { member.rebalanceSoon(); });
        return Answer<NoFields>();
      });

  router_.handle<remoting::ResetConsumerClientOffset>(
      kWithBody,
      [this](const remoting::ResetConsumerClientOffset& request,
             const RequestContext& context) -> Answer<NoFields> {
        Result<remoting::ResetOffsetBody> body = remoting::decodeResetOffsetBody(context.body());
        if (!body.ok()) {
          log::warn("offsets of group {} were not reset: {}", request.group,
                    body.status().message());
          return body.status();
        }
        const bool known = withConsumer(request.group, [&](GroupMember& member) {
          member.resetOffsets(request.topic, std::move(body->offset_table));
        });
        return known ? Answer<NoFields>() : noSuchGroup(request.group);
      });

  router_.handle<remoting::GetConsumerStatusFromClient>(
      {}, [this](const remoting::GetConsumerStatusFromClient& request, const RequestContext&) {
        remoting::GetConsumerStatusBody body;
        withConsumer(request.group, [&](GroupMember& member) {
          body.message_queue_table = member.offsets(request.topic);
        });
        return Answer<NoFields>::ofBody(json::encode(body));
      });

  router_.handle<remoting::GetConsumerRunningInfo>(
      {},
      [this](const remoting::GetConsumerRunningInfo& request,
             const RequestContext&) -> Answer<NoFields> {
        remoting::ConsumerRunningInfo info;
        const bool known = withConsumer(request.consumer_group,
                                        [&](GroupMember& member) { info = member.runningInfo(); });
        return known ? Answer<NoFields>::ofBody(json::encode(info))
                     : noSuchGroup(request.consumer_group);
      });

  router_.handleLater<remoting::ConsumeMessageDirectly>(
      kWithBody,
      [this](const remoting::ConsumeMessageDirectly& request, const RequestContext& context,
             remoting::Responder<remoting::ConsumeMessageDirectly> responder) {
        DecodedMessages decoded = decodeMessages(context.body(), request.broker_name.value_or(""));
        if (decoded.messages.empty()) {
          responder({ResponseCode::kSystemError, "the request holds no message that can be read"});
          return;
        }
        // std::function wants to be copied, a responder cannot be.
        auto shared = std::make_shared<remoting::Responder<remoting::ConsumeMessageDirectly>>(
            std::move(responder));
        const bool known = withConsumer(request.consumer_group, [&](GroupMember& member) {
          member.consumeDirectly(std::move(decoded.messages.front()),
                                 [shared](const remoting::ConsumeMessageDirectlyResult& result) {
                                   (*shared)(Answer<NoFields>::ofBody(json::encode(result)));
                                 });
        });
        if (!known) {
          (*shared)(noSuchGroup(request.consumer_group));
        }
      });

  router_.handle<remoting::CheckTransactionState>(
      kWithBody,
      [this](const remoting::CheckTransactionState& request, const RequestContext& context) {
        takeTransactionCheck(request, context);
        return Answer<NoFields>();
      });
  router_.handle<remoting::PushReplyMessageToClient>(
      kWithBody,
      [this](const remoting::PushReplyMessageToClient& request, const RequestContext& context) {
        const Message reply = readReply(request, context.body());
        requests_.finish(reply.property(property::kCorrelationId), reply);
        return Answer<NoFields>();
      });
}

void ClientInstance::takeTransactionCheck(const remoting::CheckTransactionState& request,
                                          const RequestContext& context) const {
  // Unpacking is left to the group's own threads.
  std::string group;
  bool is_first = true;  // The others, if there are any, are no part of the check.
  DecodedMessages decoded = decodePacked(
      std::make_shared<const PackedMessages>(PackedMessages{
          .records = std::string(context.body()), .broker_name = request.broker_name.value_or("")}),
      [&](const MessageRecord& record) {
        if (!std::exchange(is_first, false)) {
          return false;
        }
        group = findProperty(record.properties, property::kProducerGroup);
        return true;
      });
  if (decoded.messages.empty()) {
    static LogLimiter limiter;
    limiter.warn("a transaction check holds no message that can be read: {}",
                 decoded.rest.message());
    return;
  }
  MessageExt& message = decoded.messages.front();
  TransactionCheckHandler on_check;
  {
    MutexLock lock(mutex_);
    if (const auto producer = producers_.find(group); producer != producers_.end()) {
      on_check = producer->second;
    }
  }
  if (!on_check) {
    log::debug("transaction check of message {} ignored: group {} has no transactions here",
               request.message_id.value_or(""), group);
    return;
  }
  on_check({.request = request, .message = std::move(message), .connection = context.connection});
}

}  // namespace rocketmq::client

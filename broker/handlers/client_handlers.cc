#include "broker/handlers/client_handlers.h"

#include <memory>
#include <utility>

#include "broker/filter/sql_filter.h"
#include "broker/pull/expression_support.h"
#include "common/excerpt.h"
#include "common/json/decode.h"
#include "remoting/large_answer.h"
#include "remoting/protocol/bodies/membership.h"
#include "remoting/protocol/commands/client_membership.h"

namespace rocketmq::broker {

using remoting::Answer;
using remoting::Heartbeat;
using remoting::HeartbeatReply;
using remoting::NoFields;
using remoting::RequestContext;
using remoting::Responder;
using remoting::ResponseCode;

namespace {

/// 64 KiB are the subscriptions of some 450 topics.
constexpr remoting::HandlerOptions kHeartbeatOptions{.inline_body_max = 64u << 10,
                                                     .body_max = 1u << 20};
Answer<HeartbeatReply> answerTo(bool is_registered) {
  if (is_registered) {
    return {};
  }
  return {ResponseCode::kSystemBusy,
          "[OVERLOAD]system busy: this connection has joined too many groups, or subscribes to too "
          "much; the broker's log says which"};
}

void heartbeatOnLane(const ClientHandlerParts& parts, remoting::HeartbeatData heartbeat,
                     ClientInfo client, Responder<Heartbeat> responder, size_t bytes) {
  const remoting::LaneLoad load{.bytes = bytes, .source = responder.connection().get()};
  const auto shared = std::make_shared<Responder<Heartbeat>>(std::move(responder));
  const bool accepted = parts.lanes.run(
      remoting::Lane::kClient,
      [parts, shared, heartbeat = std::move(heartbeat), client = std::move(client)] {
        (*shared)(answerTo(parts.heartbeats.accept(heartbeat, client)));
      },
      load);
  if (!accepted) {
    (*shared)({ResponseCode::kSystemBusy,
               "[OVERLOAD]system busy, start flow control for a while: too many topics and groups "
               "wait to be created"});
  }
}

void onHeartbeat(const ClientHandlerParts& parts, const RequestContext& context,
                 Responder<Heartbeat> responder) {
  const HeartbeatPrint print = parts.heartbeats.printOf(context);
  if (parts.heartbeats.repeats(context, print)) {
    responder({});
    return;
  }
  auto heartbeat = json::decode<remoting::HeartbeatData>(context.body());
  if (!heartbeat.ok()) {
    responder(heartbeat.status());
    return;
  }
  if (const Status checked = HeartbeatService::check(*heartbeat); !checked.isOk()) {
    responder(checked);
    return;
  }
  ClientInfo client{.connection = context.connection,
                    .client_id = (*heartbeat).client_id,
                    .language = context.command.language,
                    .version = context.command.version};
  if (context.is_on_lane) {
    responder(answerTo(parts.heartbeats.accept(*heartbeat, std::move(client))));
    return;
  }
  if (parts.heartbeats.needsBlocking(*heartbeat)) {
    heartbeatOnLane(parts, std::move(*heartbeat), std::move(client), std::move(responder),
                    context.body().size());
    return;
  }
  responder(answerTo(parts.heartbeats.accept(*heartbeat, std::move(client), &print)));
}

Answer<NoFields> unregister(ClientRegistry& clients, const remoting::UnregisterClient& request,
                            const RequestContext& context) {
  const uint64_t connection_id = context.connection->id();
  const std::string client_id = request.client_id.value_or("");
  if (request.producer_group && !request.producer_group->empty()) {
    clients.unregisterProducer(*request.producer_group, client_id, connection_id);
  }
  if (request.consumer_group && !request.consumer_group->empty()) {
    clients.unregisterConsumer(*request.consumer_group, client_id, connection_id);
  }
  return NoFields{};
}

Answer<NoFields> listConsumers(ClientRegistry& clients,
                               const remoting::GetConsumerListByGroup& request) {
  const auto ids = clients.consumerIdsBody(request.consumer_group);
  if (ids == nullptr) {
    return {ResponseCode::kSystemError,
            "no consumer for this group, " + excerpt(request.consumer_group)};
  }
  remoting::Payload body;
  body.add(*ids, ids);
  return Answer<NoFields>::ofBody(std::move(body));
}

Answer<NoFields> checkClientConfig(const BrokerSettings& settings, std::string_view body) {
  const auto request = json::decode<remoting::CheckClientConfigBody>(body);
  if (!request.ok()) {
    return request.status();
  }
  const std::string& type = (*request).subscription_data.expression_type;
  if (model::isTagExpression(type)) {
    return {};
  }
  if (!settings.property_filter) {
    return {ResponseCode::kSystemError, expressionRefusal(type)};
  }
  const auto compiled = SqlFilter::compile(type, (*request).subscription_data.sub_string);
  if (!compiled.ok()) {
    return {ResponseCode::kSubscriptionParseFailed, compiled.status().message()};
  }
  return {};
}

}  // namespace

void registerClientHandlers(remoting::Router& router, const ClientHandlerParts& parts) {
  router.handleLater<Heartbeat>(
      kHeartbeatOptions,
      [parts](const Heartbeat&, const RequestContext& context, Responder<Heartbeat> responder) {
        onHeartbeat(parts, context, std::move(responder));
      });
  router.handle<remoting::UnregisterClient>(
      {}, [parts](const remoting::UnregisterClient& request, const RequestContext& context) {
        return unregister(parts.clients, request, context);
      });
  router.handle<remoting::GetConsumerListByGroup>(
      {}, remoting::largeAnswer(
              [parts](const remoting::GetConsumerListByGroup& request, const RequestContext&) {
                return listConsumers(parts.clients, request);
              }));
  router.handle<remoting::CheckClientConfig>(
      {}, [parts](const remoting::CheckClientConfig&, const RequestContext& context) {
        return checkClientConfig(*parts.settings.load(), context.body());
      });
}

}  // namespace rocketmq::broker

#include "broker/send/reply_service.h"

#include <chrono>
#include <utility>

#include "broker/send/send_header.h"
#include "broker/send/stored_properties.h"
#include "common/excerpt.h"
#include "common/log.h"
#include "common/message/properties.h"
#include "remoting/protocol/commands/reply_message.h"

namespace rocketmq::broker {

using remoting::PushReplyMessageToClient;
using remoting::ResponseCode;

namespace {

/// How long the waiting client has to take the reply.
constexpr std::chrono::seconds kPushTimeout{10};

PushReplyMessageToClient pushRequestOf(const ReplyService::Reply& reply, TimestampMs now,
                                       const std::string& advertised_address) {
  PushReplyMessageToClient push;
  push.producer_group = reply.header.producer_group;
  push.topic = reply.header.topic;
  push.default_topic = reply.header.default_topic;
  push.default_topic_queue_nums = reply.header.default_topic_queue_nums;
  push.queue_id = reply.header.queue_id;
  push.sys_flag = reply.header.sys_flag;
  push.born_timestamp_ms = reply.header.born_timestamp_ms;
  push.flag = reply.header.flag;
  std::string properties = reply.header.properties.value_or(std::string());
  appendProperty(properties, property::kPushReplyTime, std::to_string(now));
  push.properties = std::move(properties);
  push.reconsume_times = reply.header.reconsume_times.value_or(0);
  push.unit_mode = reply.header.unit_mode.value_or(false);
  push.born_host = reply.born_host.toString();
  push.store_host = advertised_address;
  push.store_timestamp_ms = now;
  return push;
}

}  // namespace

ReplyService::ReplyService(Parts parts, std::string advertised_address)
    : parts_(parts), advertised_address_(std::move(advertised_address)) {}

void ReplyService::push(Reply reply, Done done) const {
  const std::string client(
      scanSendProperties(reply.header.properties.value_or(std::string())).reply_to_client);
  if (client.empty()) {
    done({ResponseCode::kSystemError, "reply message properties[REPLY_TO_CLIENT] is null"});
    return;
  }
  const remoting::ConnectionPtr connection = parts_.clients.findProducerConnection(client);
  if (connection == nullptr) {
    done({ResponseCode::kSystemError,
          "push reply message fail, channel of <" + excerpt(client) + "> not found."});
    return;
  }
  const PushReplyMessageToClient request =
      pushRequestOf(reply, parts_.clock.nowMs(), advertised_address_);
  remoting::Payload body(reply.body);
  connection->call(request, std::move(body), remoting::deadlineAfter(kPushTimeout),
                   [this, client, reply = std::move(reply),
                    done = std::move(done)](remoting::CallResult<PushReplyMessageToClient> result) {
                     if (result.ok() && result->success()) {
                       done(store(reply));
                       return;
                     }
                     done({ResponseCode::kSystemError,
                           "push reply message to " + excerpt(client) + " fail: " +
                               (result.ok() ? result->remark : result.status().message())});
                   });
}

ReplyService::Answer ReplyService::store(const Reply& reply) const {
  const auto settings = parts_.settings.load();
  remoting::SendMessageReply not_stored;
  not_stored.message_id = "0";
  not_stored.queue_id = reply.header.queue_id;
  not_stored.region = settings->region_id;
  not_stored.trace_on = settings->trace_on ? "true" : "false";
  if (!settings->store_reply_message) {
    return not_stored;
  }
  const auto header = convertSendHeader<std::string_view>(reply.header);
  SendOutcome outcome = parts_.sends.send({.header = header,
                                           .body = reply.body,
                                           .born_host = reply.born_host,
                                           .client_version = reply.client_version});
  if (!outcome.needs_blocking && outcome.answer.code == ResponseCode::kSuccess) {
    return std::move(outcome.answer);
  }
  // RocketMQ parity: the waiting client has its reply, so this is no failure.
  log::warn("a reply in topic {} was delivered but not stored: {}", reply.header.topic,
            outcome.answer.remark);
  return not_stored;
}

}  // namespace rocketmq::broker

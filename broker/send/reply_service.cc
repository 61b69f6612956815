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
  const remoting::ConnectionPtr connection = parts_.clients.producers().findConnection(client);
  if (connection == nullptr) {
    done({ResponseCode::kSystemError,
          "push reply message fail, channel of <" + excerpt(client) + "> not found."});
    return;
  }
  if (const auto bytes_max = static_cast<size_t>(parts_.settings.load()->message_bytes_max);
      reply.body.size() > bytes_max) {
    done({ResponseCode::kMessageIllegal,
          "the reply's body has " + std::to_string(reply.body.size()) +
              " bytes, maxMessageSize is " + std::to_string(bytes_max)});
    return;
  }
  const size_t bytes =
      reply.body.size() + (reply.header.properties ? reply.header.properties->size() : 0);
  if (!reserve(bytes)) {
    done({ResponseCode::kSystemBusy,
          "[OVERLOAD]system busy, start flow control for a while: too many replies wait for their "
          "clients to confirm them"});
    return;
  }
  const PushReplyMessageToClient request =
      pushRequestOf(reply, parts_.clock.nowMs(), advertised_address_);
  const auto shared = std::make_shared<const Reply>(std::move(reply));
  remoting::Payload body;
  body.add(shared->body, shared);
  connection->call(request, std::move(body), remoting::deadlineAfter(kPushTimeout),
                   [this, client, bytes, shared,
                    done = std::move(done)](remoting::CallResult<PushReplyMessageToClient> result) {
                     unconfirmed_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
                     if (result.ok() && result->success()) {
                       done(store(*shared));
                       return;
                     }
                     done({ResponseCode::kSystemError,
                           "push reply message to " + excerpt(client) + " fail: " +
                               (result.ok() ? result->remark : result.status().message())});
                   });
}

bool ReplyService::reserve(size_t bytes) const {
  const size_t before = unconfirmed_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (before + bytes > kUnconfirmedBytesMax) {
    unconfirmed_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  return true;
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

#include "broker/handlers/send_handlers.h"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "broker/handlers/finish.h"
#include "broker/send/send_header.h"
#include "common/message/record.h"

namespace rocketmq::broker {

namespace {

using remoting::RequestContext;
using remoting::Responder;
using remoting::ResponseCode;

/// Of an element without body and properties.
constexpr size_t kBatchItemBytesMin = 22;
/// A batch of more messages takes longer than a body of kSendOptions.inline_body_max.
constexpr size_t kInlineMessagesMax = 1024;

/// Any body is looked at as if it were a batch: one that is none hardly ever reads like many.
bool hasManyMessages(std::string_view body) {
  if (body.size() <= kInlineMessagesMax * kBatchItemBytesMin) {
    return false;
  }
  size_t messages = 0;
  while (!body.empty() && messages <= kInlineMessagesMax && takeBatchItem(body).ok()) {
    ++messages;
  }
  return messages > kInlineMessagesMax;
}

/// What takes more than a millisecond or two, to check its signature or to store it, goes on a
/// lane.
constexpr remoting::HandlerOptions kSendOptions{.inline_body_max = 256u << 10,
                                                .is_dear = hasManyMessages,
                                                .body_max = remoting::kAnyBodyBytes,
                                                .long_body_lane = remoting::Lane::kSend,
                                                .keeps_order = true};

/// A send that outlives its frame.
struct OwnedSend {
  remoting::SendMessageHeader<std::string> header;
  std::string body;
  HostAddress born_host;
  int32_t client_version;
};

FinishParts finishParts(const SendHandlerParts& parts) {
  return {.guarantee = parts.guarantee, .gate = parts.gate};
}

/// finish(), once the topic that the send has made is on the disk. The thread does not wait, so
/// that the topics of many sends share one write.
template <class C>
void finishWhenTopicIsSaved(const SendHandlerParts& parts, SendOutcome outcome,
                            Responder<C> responder) {
  parts.topics.whenSaved([parts, outcome = std::make_shared<SendOutcome>(std::move(outcome)),
                          responder = std::make_shared<Responder<C>>(std::move(responder))] {
    finish(finishParts(parts), std::move(*outcome), std::move(*responder), WhenUnsafe::kSay);
  });
}

/// Runs a send that has to create a topic or group first on a thread that may wait for the disk.
template <class C>
void sendOnLane(const SendHandlerParts& parts, OwnedSend send, Responder<C> responder) {
  const remoting::LaneLoad load{.bytes = send.body.size() + sizeof(send),
                                .source = responder.connection().get()};
  const auto shared = std::make_shared<Responder<C>>(std::move(responder));
  const bool accepted = parts.lanes.run(
      remoting::Lane::kClient,
      [parts, shared, send = std::move(send)] {
        const auto header = convertSendHeader<std::string_view>(send.header);
        SendOutcome outcome = parts.sends.send({.header = header,
                                                .body = send.body,
                                                .born_host = send.born_host,
                                                .client_version = send.client_version,
                                                .may_block = true});
        if (outcome.made_topic) {
          finishWhenTopicIsSaved(parts, std::move(outcome), std::move(*shared));
        } else {
          finish(finishParts(parts), std::move(outcome), std::move(*shared), WhenUnsafe::kSay);
        }
      },
      load);
  if (!accepted) {
    (*shared)({ResponseCode::kSystemBusy,
               "[OVERLOAD]system busy, start flow control for a while: too many topics and groups "
               "wait to be created"});
  }
}

/// A lane is another thread, and refuses by itself what is too much for it.
std::chrono::milliseconds delayOf(const RequestContext& context) {
  return context.is_on_lane ? std::chrono::milliseconds(0) : context.connection->threadDelay();
}

template <class C>
void registerSend(remoting::Router& router, const SendHandlerParts& parts) {
  router.handleLater<C>(kSendOptions, [parts](const C& request, const RequestContext& context,
                                              Responder<C> responder) {
    if (auto busy = parts.gate.refusal(delayOf(context))) {
      responder({ResponseCode::kSystemBusy, std::move(*busy)});
      return;
    }
    // Resumes pulls that wait for this message after the producer has been answered.
    HeldPulls::WakeScope wakes(parts.held_pulls);
    const HostAddress& born_host = context.connection->remote();
    SendOutcome outcome = parts.sends.send({.header = request,
                                            .body = context.body(),
                                            .born_host = born_host,
                                            .client_version = context.command.version});
    if (!outcome.needs_blocking) {
      finish(finishParts(parts), std::move(outcome), std::move(responder), WhenUnsafe::kSay);
      return;
    }
    sendOnLane(parts,
               {.header = convertSendHeader<std::string>(request),
                .body = std::string(context.body()),
                .born_host = born_host,
                .client_version = context.command.version},
               std::move(responder));
  });
}

}  // namespace

void registerSendHandlers(remoting::Router& router, const SendHandlerParts& parts) {
  registerSend<remoting::BasicSendMessage<std::string_view>>(router, parts);
  registerSend<remoting::BasicSendMessageV2<std::string_view>>(router, parts);
  registerSend<remoting::BasicSendBatchMessage<std::string_view>>(router, parts);
  router.handleLater<remoting::ConsumerSendMessageBack>(
      {.lane = remoting::Lane::kQuery},
      [parts](const remoting::ConsumerSendMessageBack& request, const RequestContext& context,
              Responder<remoting::ConsumerSendMessageBack> responder) {
        finish(finishParts(parts), parts.send_backs.sendBack(request, context.command.version),
               std::move(responder), WhenUnsafe::kSucceed);
      });
  router.handleLater<remoting::RecallMessage>(
      {}, [parts](const remoting::RecallMessage& request, const RequestContext& context,
                  Responder<remoting::RecallMessage> responder) {
        if (auto busy = parts.gate.refusal(context.connection->threadDelay())) {
          responder({ResponseCode::kSystemBusy, std::move(*busy)});
          return;
        }
        finish(finishParts(parts), parts.recalls.recall(request, context.connection->remote()),
               std::move(responder), WhenUnsafe::kSay);
      });
}

}  // namespace rocketmq::broker

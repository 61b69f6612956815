#include "broker/handlers/reply_handlers.h"

#include <memory>
#include <string>
#include <utility>

#include "remoting/protocol/commands/reply_message.h"

namespace rocketmq::broker {

namespace {

/// Replies are sends, see send_handlers.cc.
constexpr remoting::HandlerOptions kReplyOptions{.body_max = remoting::kAnyBodyBytes,
                                                 .long_body_lane = remoting::Lane::kSend,
                                                 .keeps_order = true};

template <class C>
void registerReply(remoting::Router& router, ReplyService& replies) {
  router.handleLater<C>(
      kReplyOptions, [&replies](const C& request, const remoting::RequestContext& context,
                                remoting::Responder<C> responder) {
        auto shared = std::make_shared<remoting::Responder<C>>(std::move(responder));
        replies.push({.header = request,
                      .body = std::string(context.body()),
                      .born_host = context.connection->remote(),
                      .client_version = context.command.version},
                     [shared](ReplyService::Answer answer) { (*shared)(std::move(answer)); });
      });
}

}  // namespace

void registerReplyHandlers(remoting::Router& router, ReplyService& replies) {
  registerReply<remoting::SendReplyMessage>(router, replies);
  registerReply<remoting::SendReplyMessageV2>(router, replies);
}

}  // namespace rocketmq::broker

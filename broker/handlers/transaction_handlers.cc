#include "broker/handlers/transaction_handlers.h"

#include <memory>
#include <utility>

#include "broker/handlers/finish.h"
#include "common/message/message_id.h"
#include "remoting/protocol/commands/transaction.h"

namespace rocketmq::broker {

namespace {

using remoting::Answer;
using remoting::EndTransaction;
using remoting::NoFields;
using remoting::RequestContext;
using remoting::Responder;
using remoting::ResponseCode;
using remoting::ResumeCheckHalfMessage;

void end(const TransactionHandlerParts& parts, const EndTransaction& request,
         Responder<EndTransaction> responder) {
  finish(FinishParts{.guarantee = parts.guarantee, .gate = parts.gate},
         parts.transactions.ends().end(request), std::move(responder), WhenUnsafe::kSucceed);
}

/// Ends a transaction whose half message may have to be read from the disk.
void endOnLane(const TransactionHandlerParts& parts, const EndTransaction& request,
               Responder<EndTransaction> responder) {
  const auto* const source = responder.connection().get();
  const auto shared = std::make_shared<Responder<EndTransaction>>(std::move(responder));
  const bool accepted = parts.lanes.run(
      remoting::Lane::kQuery, [parts, request, shared] { end(parts, request, std::move(*shared)); },
      {.bytes = sizeof(request), .source = source});
  if (!accepted) {
    (*shared)({ResponseCode::kSystemBusy,
               "[OVERLOAD]system busy, start flow control for a while: too many old transactions "
               "wait to be ended; the transaction will be checked"});
  }
}

Answer<NoFields> resume(CheckService& checks, const ResumeCheckHalfMessage& request) {
  const auto id = OffsetMessageId::parse(request.message_id.value_or(""));
  const Status status = id.ok() ? checks.resume(id->physical_offset) : id.status();
  return status.isOk() ? Answer<NoFields>()
                       : Answer<NoFields>(ResponseCode::kSystemError,
                                          "Put message back to check failed: " + status.message());
}

}  // namespace

void registerTransactionHandlers(remoting::Router& router, const TransactionHandlerParts& parts) {
  router.handleLater<EndTransaction>({},
                                     [parts](const EndTransaction& request, const RequestContext&,
                                             Responder<EndTransaction> responder) {
                                       if (!parts.transactions.ends().isInMemory(request)) {
                                         endOnLane(parts, request, std::move(responder));
                                         return;
                                       }
                                       // Resumes pulls that wait for the message after the producer
                                       // has been answered.
                                       HeldPulls::WakeScope wakes(parts.held_pulls);
                                       end(parts, request, std::move(responder));
                                     });
  router.handle<ResumeCheckHalfMessage>(
      {.lane = remoting::Lane::kAdmin},
      [parts](const ResumeCheckHalfMessage& request, const RequestContext&) {
        return resume(parts.transactions.checks(), request);
      });
}

void refuseTransactions(remoting::Router& router) {
  const auto refuse = [](const auto&, const RequestContext&) {
    return Answer<NoFields>(ResponseCode::kSlaveNotAvailable,
                            "this broker is a slave; end transactions at the master");
  };
  router.handle<EndTransaction>({}, refuse);
  router.handle<ResumeCheckHalfMessage>({}, refuse);
}

}  // namespace rocketmq::broker

#pragma once

#include <string>

#include "client/producer/send_call.h"
#include "client/trace/trace_dispatcher.h"
#include "remoting/protocol/commands/transaction.h"
#include "rocketmq/transaction_mq_producer.h"

namespace rocketmq::client {

/// Writes that a try of a send has stored its message (RocketMQ: SendMessageTraceHookImpl); not
/// when the broker answered TRACE_ON=false. Each message of a batch gets a record under its own id.
/// `group` as the application wrote it; `address` of the broker.
void traceSend(TraceDispatcher& dispatcher, const std::string& group, const SendCall& call,
               const SendResult& result, const std::string& address);

/// Writes that a broker is told how a transaction ended (RocketMQ: EndTransactionTraceHookImpl).
/// `message` has its topic without namespace.
void traceEndTransaction(TraceDispatcher& dispatcher, const std::string& group,
                         const Message& message, const remoting::EndTransaction& end,
                         LocalTransactionState state, const std::string& address);

}  // namespace rocketmq::client

#pragma once

#include <functional>

#include "remoting/connection.h"
#include "remoting/protocol/commands/transaction.h"
#include "rocketmq/message.h"

namespace rocketmq::client {

/// A broker's question how a transaction ended.
struct TransactionCheck {
  remoting::CheckTransactionState request;
  MessageExt message;                  ///< Its body may still be compressed.
  remoting::ConnectionPtr connection;  ///< Where the answer goes.
};

/// Takes a question; does not block.
using TransactionCheckHandler = std::function<void(TransactionCheck)>;

}  // namespace rocketmq::client

#pragma once

#include "broker/pull/held_pulls.h"
#include "broker/transaction/check_service.h"
#include "broker/transaction/end_transaction_service.h"
#include "remoting/lanes.h"
#include "remoting/router.h"

namespace rocketmq::broker {

/// END_TRANSACTION (37), RESUME_CHECK_HALF_MESSAGE (323). Everything is borrowed and must outlive
/// the router's use.
struct TransactionHandlerParts {
  EndTransactionService& ends;
  CheckService& checks;
  HeldPulls& held_pulls;
  remoting::Lanes& lanes;
};
void registerTransactionHandlers(remoting::Router& router, const TransactionHandlerParts& parts);

}  // namespace rocketmq::broker

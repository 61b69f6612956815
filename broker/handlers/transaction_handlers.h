#pragma once

#include "broker/pull/held_pulls.h"
#include "broker/send/send_gate.h"
#include "broker/send/store_guarantee.h"
#include "broker/transaction/transactions.h"
#include "remoting/lanes.h"
#include "remoting/router.h"

namespace rocketmq::broker {

/// END_TRANSACTION (37), RESUME_CHECK_HALF_MESSAGE (323). Everything is borrowed and must outlive
/// the router's use.
struct TransactionHandlerParts {
  Transactions& transactions;
  SendGate& gate;
  StoreGuarantee& guarantee;
  HeldPulls& held_pulls;
  remoting::Lanes& lanes;
};
void registerTransactionHandlers(remoting::Router& router, const TransactionHandlerParts& parts);

/// The same requests on a slave: SLAVE_NOT_AVAILABLE.
void refuseTransactions(remoting::Router& router);

}  // namespace rocketmq::broker

#pragma once

#include <cstdint>

#include "broker/traffic_observer.h"
#include "broker/transaction/half_ledger.h"
#include "broker/transaction/half_messages.h"
#include "common/clock.h"
#include "remoting/answer.h"
#include "remoting/protocol/commands/transaction.h"

namespace rocketmq::broker {

/// Ends transactions as their producers say (RocketMQ: EndTransactionProcessor): a commit stores
/// the half message once more under its real topic, commit and rollback store an op record.
///
/// Once:    a transaction is ended once. A second commit or rollback of it is answered with success
///          and changes nothing. (RocketMQ stores a second copy.) A broker that dies between the
///          two records of a commit checks the transaction after its restart, so that a second
///          commit may then store a second copy.
/// Threads: any. Waits for the disk only where a half message has to be read from it: callers ask
///          isInMemory() first.
class EndTransactionService {
 public:
  /// Everything is borrowed.
  struct Parts {
    const HalfMessages& messages;
    HalfLedger& ledger;
    TrafficObserver& traffic;
    const Clock& clock;
  };
  using Answer = remoting::Answer<remoting::NoFields>;

  explicit EndTransactionService(const Parts& parts) : parts_(parts) {}

  bool isInMemory(const remoting::EndTransaction& request) const {
    return parts_.messages.isInMemory(request.transaction_state_table_offset);
  }

  /// SYSTEM_ERROR when the request names no half message, or not as this producer group's;
  /// ILLEGAL_OPERATION after the message's immunity time; SYSTEM_BUSY while the same transaction is
  /// being checked or ended.
  Answer end(const remoting::EndTransaction& request);

 private:
  Answer check(const remoting::EndTransaction& request, const HalfMessage& half) const;
  Answer endClaimed(const HalfMessage& half, bool is_commit, int64_t newest);
  Answer commit(const HalfMessage& half) const;

  const Parts parts_;
};

}  // namespace rocketmq::broker

#pragma once

#include <cstdint>

#include "broker/traffic_observer.h"
#include "broker/transaction/half_ledger.h"
#include "broker/transaction/half_messages.h"
#include "common/clock.h"
#include "remoting/answer.h"
#include "remoting/protocol/commands/transaction.h"

namespace rocketmq::broker {

/// What became of a request to end a transaction. Success is valid once everything up to
/// `safe_up_to` is as safe as the settings promise; 0: nothing is waited for.
struct EndOutcome {
  remoting::Answer<remoting::NoFields> answer;
  int64_t safe_up_to = 0;
};

/// Ends transactions as their producers say (RocketMQ: EndTransactionProcessor): a commit stores
/// the half message once more under its real topic, commit and rollback store an op record.
///
/// Once:    a transaction is ended once. A second commit or rollback of it is answered with success
///          and changes nothing. (RocketMQ stores a second copy.) A broker that dies between the
///          two records of a commit checks the transaction after its restart, so that a second
///          commit may then store a second copy.
/// Safety:  the op record lies behind the committed message in the log, so that neither the disk
///          nor a slave can have the word that the transaction is over without the message.
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

  explicit EndTransactionService(const Parts& parts) : parts_(parts) {}

  bool isInMemory(const remoting::EndTransaction& request) const {
    return parts_.messages.isInMemory(request.transaction_state_table_offset);
  }

  /// SYSTEM_ERROR when the request names no half message, or not as this producer group's;
  /// ILLEGAL_OPERATION after the message's immunity time; SYSTEM_BUSY while the same transaction is
  /// being checked or ended.
  EndOutcome end(const remoting::EndTransaction& request);

 private:
  using Answer = remoting::Answer<remoting::NoFields>;

  Answer check(const remoting::EndTransaction& request, const HalfMessage& half) const;
  EndOutcome endClaimed(const HalfMessage& half, bool is_commit, int64_t newest);
  EndOutcome commit(const HalfMessage& half) const;

  const Parts parts_;
};

}  // namespace rocketmq::broker

#include "broker/transaction/transactions.h"

#include <utility>

#include "broker/transaction/ledger_loader.h"

namespace rocketmq::broker {

Result<std::unique_ptr<Transactions>> Transactions::open(const Parts& parts,
                                                         const HostAddress& store_host) {
  const HalfMessages messages(parts.store, parts.clock, store_host);
  ROCKETMQ_ASSIGN_OR_RETURN(auto ledger, loadLedger(messages, parts.offsets));
  return std::unique_ptr<Transactions>(new Transactions(parts, store_host, std::move(ledger)));
}

Transactions::Transactions(const Parts& parts, const HostAddress& store_host,
                           std::unique_ptr<HalfLedger> ledger)
    : store_(parts.store),
      offsets_(parts.offsets),
      messages_(parts.store, parts.clock, store_host),
      ledger_(std::move(ledger)),
      ends_({.messages = messages_,
             .ledger = *ledger_,
             .traffic = parts.traffic,
             .clock = parts.clock}),
      checks_({.settings = parts.settings,
               .topics = parts.topics,
               .clients = parts.clients,
               .store = parts.store,
               .guarantee = parts.guarantee,
               .messages = messages_,
               .ledger = *ledger_,
               .clock = parts.clock},
              store_host) {}

int64_t Transactions::openCount() const { return ledger_->openCount(messages_.halves().end); }

Status Transactions::saveProgress() { return broker::saveProgress(*ledger_, store_, offsets_); }

}  // namespace rocketmq::broker

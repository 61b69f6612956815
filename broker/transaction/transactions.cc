#include "broker/transaction/transactions.h"

#include "broker/transaction/ledger_loader.h"

namespace rocketmq::broker {

Transactions::Transactions(const Parts& parts, const HostAddress& store_host)
    : store_(parts.store),
      offsets_(parts.offsets),
      messages_(parts.store, parts.clock, store_host),
      ledger_(loadLedger(messages_, parts.offsets)),
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

#pragma once

#include <cstdint>
#include <memory>

#include "broker/group/client_registry.h"
#include "broker/group/consumer_offsets.h"
#include "broker/settings.h"
#include "broker/topic/topic_table.h"
#include "broker/traffic_observer.h"
#include "broker/transaction/check_service.h"
#include "broker/transaction/end_transaction_service.h"
#include "broker/transaction/half_ledger.h"
#include "broker/transaction/half_messages.h"
#include "common/clock.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// The transactions of a master: what is open, how one is ended, who is asked. A slave has none of
/// it, as everything here writes into the log.
///
/// Life:    open(), which reads the open transactions -> start() -> stop() or destructor.
/// Threads: one of its own asks producers; the rest from any.
class Transactions {
 public:
  /// Everything is borrowed.
  struct Parts {
    const LiveSettings& settings;
    TopicTable& topics;
    ClientRegistry& clients;
    store::MessageStore& store;
    StoreGuarantee& guarantee;
    ConsumerOffsets& offsets;
    TrafficObserver& traffic;
    const Clock& clock;
  };

  /// `store_host`: the advertised address. Fails as loadLedger().
  static Result<std::unique_ptr<Transactions>> open(const Parts& parts,
                                                    const HostAddress& store_host);

  void start() { checks_.start(); }
  void stop() { checks_.stop(); }

  /// Puts the progress into the consumer offsets; to be called before those are saved. May wait for
  /// a flush.
  Status saveProgress();

  /// Transactions that have neither been committed nor rolled back.
  int64_t openCount() const;

  EndTransactionService& ends() { return ends_; }
  CheckService& checks() { return checks_; }

 private:
  Transactions(const Parts& parts, const HostAddress& store_host,
               std::unique_ptr<HalfLedger> ledger);

  store::MessageStore& store_;
  ConsumerOffsets& offsets_;
  const HalfMessages messages_;
  const std::unique_ptr<HalfLedger> ledger_;
  EndTransactionService ends_;
  CheckService checks_;
};

}  // namespace rocketmq::broker

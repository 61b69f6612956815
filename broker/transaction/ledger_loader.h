#pragma once

#include <memory>

#include "broker/group/consumer_offsets.h"
#include "broker/transaction/half_ledger.h"
#include "broker/transaction/half_messages.h"
#include "common/status.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Makes the ledger from what a broker, this one or a Java one, has left on disk: the progress in
/// `offsets`, the op records from there on, and the copies of half messages from there on. Reads
/// both ranges once. A commit whose op record is missing, because the broker was killed between the
/// two, is found at the end of the message's queue and gets its op record now. Waits while a queue
/// is being repaired or cannot be read. Io: the log cannot.
Result<std::unique_ptr<HalfLedger>> loadLedger(const HalfMessages& messages,
                                               const ConsumerOffsets& offsets);

/// Puts the ledger's progress into `offsets`, under RocketMQ's names, once the records that made it
/// are on the disk. Waits for a flush of the log when there is any, see awaitFlushed().
Status saveProgress(const HalfLedger& ledger, store::MessageStore& store, ConsumerOffsets& offsets);

}  // namespace rocketmq::broker

#pragma once

#include <memory>

#include "broker/group/consumer_offsets.h"
#include "broker/transaction/half_ledger.h"
#include "broker/transaction/half_messages.h"

namespace rocketmq::broker {

/// Makes the ledger from what a broker, this one or a Java one, has left on disk: the progress in
/// `offsets`, the op records from there on, and the copies of half messages from there on. Reads
/// both ranges once. A commit whose op record is missing, because the broker was killed between the
/// two, is found at the end of the message's queue and gets its op record now.
std::unique_ptr<HalfLedger> loadLedger(const HalfMessages& messages,
                                       const ConsumerOffsets& offsets);

/// Puts the ledger's progress into `offsets`, under RocketMQ's names.
void saveProgress(const HalfLedger& ledger, ConsumerOffsets& offsets);

}  // namespace rocketmq::broker

#include "broker/transaction/half_messages.h"
#include "common/check.h"
#include "store/message_store.h"
#include "tests/fuzz/fuzz_target.h"

// A record that should be the half message of a transaction.

namespace rocketmq::broker {

ROCKETMQ_FUZZ_TARGET(half_message, input) {
  const Result<HalfMessage> half = HalfMessages::decode({.bytes = input, .owner = nullptr});
  if (half.ok()) {
    ROCKETMQ_CHECK(fuzz::isWithin(half->record.body, input));
    ROCKETMQ_CHECK(fuzz::isWithin(half->record.topic, input));
  }
}

}  // namespace rocketmq::broker

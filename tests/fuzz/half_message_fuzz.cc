#include "broker/transaction/half_messages.h"
#include "common/check.h"
#include "store/message_store.h"
#include "tests/fuzz/fuzz_target.h"

// A record that should be the half message of a transaction, and the body of one that ends some.

namespace rocketmq::broker {

ROCKETMQ_FUZZ_TARGET(half_message, input) {
  const Result<HalfMessage> half = HalfMessages::decode({.bytes = input, .owner = nullptr});
  if (half.ok()) {
    ROCKETMQ_CHECK(fuzz::isWithin(half->record.body, input));
    ROCKETMQ_CHECK(fuzz::isWithin(half->record.topic, input));
  }
  for (const int64_t offset : HalfMessages::parseOps(input)) {
    ROCKETMQ_CHECK(offset >= 0);
  }
}

}  // namespace rocketmq::broker

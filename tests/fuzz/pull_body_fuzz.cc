#include "client/consumer/offset_store.h"
#include "client/message_decoder.h"
#include "common/log.h"
#include "tests/fuzz/fuzz_target.h"

// What a broker answers to a client's pull or query, compressed bodies included, and the offsets
// that a broadcasting consumer keeps in a file.

namespace rocketmq::client {

ROCKETMQ_FUZZ_TARGET(pull_body, input) {
  static_cast<void>(log::setLevel("off"));
  static_cast<void>(decodeMessages(input, "broker-a"));
  static_cast<void>(parseOffsetFile(input));
}

}  // namespace rocketmq::client

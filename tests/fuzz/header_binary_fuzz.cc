#include "remoting/protocol/header_binary.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/header_round_trip.h"

namespace rocketmq::remoting {

ROCKETMQ_FUZZ_TARGET(header_binary, input) {
  CommandView command;
  command.serialize_type = SerializeType::kBinary;
  if (decodeBinaryHeader(input, command).isOk()) {
    fuzz::checkHeaderRoundTrip(command);
  }
}

}  // namespace rocketmq::remoting

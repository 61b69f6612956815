#include <string>

#include "remoting/protocol/header_json.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/header_round_trip.h"

namespace rocketmq::remoting {

ROCKETMQ_FUZZ_TARGET(header_json, input) {
  std::string header(input);
  CommandView command;
  if (decodeJsonHeader(header.data(), header.size(), command).isOk()) {
    fuzz::checkHeaderRoundTrip(command);
  }
}

}  // namespace rocketmq::remoting

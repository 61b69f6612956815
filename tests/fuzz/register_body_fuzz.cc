#include <string>

#include "common/check.h"
#include "remoting/protocol/bodies/register_broker.h"
#include "remoting/protocol/codes.h"
#include "tests/fuzz/fuzz_target.h"

// The body of REGISTER_BROKER in the form that a byte chooses: compressed or not, for peers of
// three ages.

namespace rocketmq::remoting {

ROCKETMQ_FUZZ_TARGET(register_body, input) {
  fuzz::Input parts(input);
  const uint8_t form = parts.byte();
  const bool compressed = (form & 1) != 0;
  constexpr int32_t kVersions[] = {0, kVersion3_0_11, kVersion5_0_0};
  const int32_t version = kVersions[(form >> 1) % 3];
  const Result<RegisterBrokerBody> body =
      decodeRegisterBrokerBody(parts.rest(), compressed, version);
  if (!body.ok() || version < kVersion3_0_11) {
    return;
  }
  const Result<std::string> once = encodeRegisterBrokerBody(*body, compressed, version);
  if (once.ok()) {
    ROCKETMQ_CHECK(decodeRegisterBrokerBody(*once, compressed, version).ok());
  }
}

}  // namespace rocketmq::remoting

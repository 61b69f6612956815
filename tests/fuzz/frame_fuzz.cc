#include <optional>
#include <string>

#include "common/check.h"
#include "remoting/protocol/frame.h"
#include "tests/fuzz/fuzz_target.h"

// A whole frame: length word, header word, header in either codec, body.

namespace rocketmq::remoting {

ROCKETMQ_FUZZ_TARGET(frame, input) {
  const Result<std::optional<size_t>> size = peekFrameSize(input, kFrameBytesMax);
  if (!size.ok() || !*size) {
    return;
  }
  ROCKETMQ_CHECK(**size >= kFramePrefixBytes && **size <= kFrameBytesMax + 4);
  if (**size > input.size()) {
    return;
  }
  std::string frame(input.substr(0, **size));
  CommandView command;
  if (!decodeFrame(frame.data(), frame.size(), command).isOk()) {
    return;
  }
  ROCKETMQ_CHECK(fuzz::isWithin(command.body, frame));
  ROCKETMQ_CHECK(fuzz::isWithin(command.remark, frame));
  for (const auto& [name, value] : command.ext_fields) {
    ROCKETMQ_CHECK(fuzz::isWithin(name, frame) && fuzz::isWithin(value, frame));
  }
}

}  // namespace rocketmq::remoting

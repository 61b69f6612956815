#include "tests/fuzz/header_round_trip.h"

#include <limits>

#include "common/check.h"
#include "common/utf8.h"
#include "remoting/protocol/frame.h"

namespace rocketmq::fuzz {
namespace {

using remoting::CommandView;
using remoting::SerializeType;

bool canRoundTrip(const CommandView& command) {
  const auto can = [&](std::string_view text) {
    return command.serialize_type == SerializeType::kJson ? utf8::isValid(text) : !text.empty();
  };
  for (const auto& [name, value] : command.ext_fields) {
    if (!can(name) || !can(value) || name.size() > std::numeric_limits<int16_t>::max()) {
      return false;
    }
  }
  return command.serialize_type != SerializeType::kJson || utf8::isValid(command.remark);
}

}  // namespace

void checkHeaderRoundTrip(const CommandView& command) {
  if (!canRoundTrip(command)) {
    return;
  }
  std::string frame;
  remoting::HeaderWriter writer(frame, {.code = command.code,
                                        .language = command.language,
                                        .version = command.version,
                                        .opaque = command.opaque,
                                        .flag = command.flag,
                                        .serialize_type = command.serialize_type,
                                        .remark = command.remark});
  for (const auto& [name, value] : command.ext_fields) {
    writer.add(name, value);
  }
  writer.finish(0);
  CommandView again;
  ROCKETMQ_CHECK(remoting::decodeFrame(frame.data(), frame.size(), again).isOk());
  ROCKETMQ_CHECK(again.opaque == command.opaque && again.flag == command.flag);
  ROCKETMQ_CHECK(again.remark == command.remark);
  ROCKETMQ_CHECK(again.ext_fields.size() == command.ext_fields.size());
  for (const auto& [name, value] : command.ext_fields) {
    const std::string_view* const found = again.ext_fields.find(name);
    ROCKETMQ_CHECK(found != nullptr && *found == *command.ext_fields.find(name));
  }
}

}  // namespace rocketmq::fuzz

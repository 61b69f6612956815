#pragma once

#include <string_view>

#include "common/status.h"
#include "remoting/protocol/command.h"

namespace rocketmq::remoting {

// A ROCKETMQ header: int16 code, int8 language, int16 version, int32 opaque, int32 flag, int32
// length and bytes of the remark, int32 length of all entries, then per entry int16 length and
// bytes of the name, int32 length and bytes of the value. A length of zero means "absent".

/// Decodes a ROCKETMQ header into `out`, whose fields are at their defaults; all views point into
/// the header's bytes. Corruption when a length does not fit.
Status decodeBinaryHeader(std::string_view header, CommandView& out);

}  // namespace rocketmq::remoting

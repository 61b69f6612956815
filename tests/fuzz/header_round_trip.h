#pragma once

#include <string>
#include <string_view>

#include "remoting/protocol/command.h"

namespace rocketmq::fuzz {

/// Writes a decoded header anew in its codec, reads that back and checks that it says the same. Not
/// for texts that are no UTF-8, which JSON cannot carry, nor, in binary headers, for empty ones,
/// which count as absent there.
void checkHeaderRoundTrip(const remoting::CommandView& command);

}  // namespace rocketmq::fuzz

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/status.h"
#include "remoting/protocol/command.h"

namespace rocketmq::remoting {

/// Decodes a JSON header into `out`, whose fields are at their defaults. Escapes are undone in
/// place; all views point into the header's bytes. As tolerant as the Java decoder with what
/// clients in other languages send: keys in any order, unknown keys, numbers and booleans as text
/// and the other way round, null for absent. Corruption names the byte that cannot be read.
Status decodeJsonHeader(char* header, size_t size, CommandView& out);

/// Appends `text` in quotes, with the escapes that Java peers write.
void appendJsonString(std::string& out, std::string_view text);

}  // namespace rocketmq::remoting

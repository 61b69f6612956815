#pragma once

#include <string>
#include <string_view>

#include "common/status.h"

namespace rocketmq {

/// Bytes as text of 64 characters (RFC 4648), padded with '='.
std::string base64(std::string_view bytes);

/// The same with '-' and '_' for '+' and '/' (Java: Base64.getUrlEncoder()).
std::string base64Url(std::string_view bytes);

/// What base64Url() has made; the padding may be missing (Java: Base64.getUrlDecoder()).
/// InvalidArgument: anything else.
Result<std::string> decodeBase64Url(std::string_view text);

}  // namespace rocketmq

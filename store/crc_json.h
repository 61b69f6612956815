#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/hash.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/status.h"

namespace rocketmq::store {

// Files of ours are JSON with the CRC of their content, so that a flipped bit is not believed.
// `Content` has the member std::optional<int64_t> crc: of the compact text without it, and none in
// a file that an earlier version wrote.

template <class Content>
std::string encodeWithCrc(Content content, json::Style style = json::Style::kFastjson) {
  content.crc = std::nullopt;
  content.crc = crc32(json::encode(content));
  return json::encode(content, style);
}

/// Corruption when the content is not what was written.
template <class Content>
Result<Content> decodeWithCrc(std::string_view text) {
  ROCKETMQ_ASSIGN_OR_RETURN(Content content, json::decode<Content>(text));
  const std::optional<int64_t> crc = std::exchange(content.crc, std::nullopt);
  if (crc && *crc != crc32(json::encode(content))) {
    return Status::corruption("its CRC is not that of its content");
  }
  content.crc = crc;
  return content;
}

}  // namespace rocketmq::store

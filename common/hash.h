#pragma once

#include <cstdint>
#include <string_view>

namespace rocketmq {

/// java.lang.String.hashCode of the UTF-8 text: over UTF-16 code units, wrapping at 32 bits. Tag
/// codes and index slots on disk are made of it. Invalid UTF-8 hashes as U+FFFD per bad byte.
int32_t javaStringHash(std::string_view utf8);

/// The consume queue's tag code: the hash sign-extended, 0 without tags.
inline int64_t tagsCode(std::string_view tags) { return tags.empty() ? 0 : javaStringHash(tags); }

/// CRC-32 (zlib polynomial) of the bytes, for instance of a registration body.
uint32_t crc32(std::string_view bytes);

/// The CRC as RocketMQ stores it: with the top bit cleared.
inline uint32_t maskedCrc32(std::string_view bytes) { return crc32(bytes) & 0x7FFFFFFF; }

}  // namespace rocketmq

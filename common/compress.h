#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/status.h"

namespace rocketmq {

/// RocketMQ's three message compressions. LZ4 and Zstd use their frame formats.
enum class CompressionType : uint8_t { kZlib, kLz4, kZstd };

/// `level` is the library's own: 1 to 9 for zlib (RocketMQ uses 5), 1 to 22 for zstd. LZ4 has one
/// speed here, its fast one, as in RocketMQ. InvalidArgument for a level that zlib does not have.
Result<std::string> compress(CompressionType type, std::string_view plain, int level = 5);

/// Corruption when the bytes do not decompress, InvalidArgument when the result would be larger
/// than `plain_bytes_max` (the output never grows past that bound).
Result<std::string> decompress(CompressionType type, std::string_view compressed,
                               size_t plain_bytes_max);

/// The type and the sysFlag bits that name it, see sys_flag.h. Bits that name nothing mean zlib.
CompressionType compressionOf(int32_t sys_flag);
int32_t compressionFlag(CompressionType type);

}  // namespace rocketmq

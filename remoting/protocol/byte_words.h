#pragma once

#include <cstdint>

namespace rocketmq::remoting {

// Eight bytes of text at a time, as one integer.

constexpr uint64_t repeatByte(char byte) {
  return 0x0101010101010101u * static_cast<unsigned char>(byte);
}

/// Non-zero exactly when one of the eight bytes is zero.
constexpr uint64_t zeroBytes(uint64_t word) {
  return (word - repeatByte('\x01')) & ~word & repeatByte('\x80');
}

}  // namespace rocketmq::remoting

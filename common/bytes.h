#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace rocketmq {

/// Every integer of RocketMQ's files and frames is big-endian. `at` need not be aligned.
template <std::integral T>
T loadBigEndian(const void* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1) {
    if constexpr (sizeof(T) == 2) {
      value = static_cast<T>(__builtin_bswap16(static_cast<uint16_t>(value)));
    } else if constexpr (sizeof(T) == 4) {
      value = static_cast<T>(__builtin_bswap32(static_cast<uint32_t>(value)));
    } else {
      value = static_cast<T>(__builtin_bswap64(static_cast<uint64_t>(value)));
    }
  }
  return value;
}

template <std::integral T>
void storeBigEndian(void* at, T value) {
  const T swapped = loadBigEndian<T>(&value);
  std::memcpy(at, &swapped, sizeof(T));
}

/// Reads big-endian values off the front of a byte range that somebody else owns.
///
/// Reading past the end never touches foreign memory: it returns zero or an empty view and makes
/// the reader fail for good, so a decoder may read a whole layout and ask `failed()` once.
class ByteReader {
 public:
  ByteReader(const void* data, size_t size)
      : begin_(static_cast<const char*>(data)), at_(begin_), end_(begin_ + size) {}
  explicit ByteReader(std::string_view bytes) : ByteReader(bytes.data(), bytes.size()) {}

  template <std::integral T>
  T read() {
    if (remaining() < sizeof(T)) {
      fail();
      return T{};
    }
    const T value = loadBigEndian<T>(at_);
    at_ += sizeof(T);
    return value;
  }

  /// The next `size` bytes; empty and failed when fewer remain or `size` is negative.
  std::string_view readBytes(int64_t size) {
    if (size < 0 || static_cast<uint64_t>(size) > remaining()) {
      fail();
      return {};
    }
    const std::string_view bytes(at_, static_cast<size_t>(size));
    at_ += size;
    return bytes;
  }

  void skip(int64_t size) { readBytes(size); }

  size_t position() const { return static_cast<size_t>(at_ - begin_); }
  size_t remaining() const { return static_cast<size_t>(end_ - at_); }
  bool failed() const { return failed_; }

 private:
  void fail() {
    failed_ = true;
    at_ = end_;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  bool failed_ = false;
};

/// Appends big-endian values to a string.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) : out_(out) {}

  template <std::integral T>
  void write(T value) {
    char bytes[sizeof(T)];
    storeBigEndian(bytes, value);
    out_.append(bytes, sizeof(T));
  }

  void writeBytes(std::string_view bytes) { out_.append(bytes); }

  /// Overwrites sizeof(T) bytes at `position`, which must have been written before.
  template <std::integral T>
  void overwrite(size_t position, T value) {
    storeBigEndian(out_.data() + position, value);
  }

  size_t position() const { return out_.size(); }

 private:
  std::string& out_;
};

}  // namespace rocketmq

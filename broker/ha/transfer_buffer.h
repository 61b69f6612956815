#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/ha/transfer.h"

namespace rocketmq::broker {

/// Holds what a slave has received: the log's bytes one behind the other, without the headers
/// between them. A master that has much to send cuts it into pieces of one size, so that it is
/// known where each header will come: the system puts the bytes to their place at once. What comes
/// otherwise is moved there.
///
/// Threads: one. Bound: what its user leaves in it and kReadBytes.
class TransferBuffer {
 public:
  /// So many bytes of the log at most are received at once.
  static constexpr size_t kReadBytes = 256 << 10;

  /// Where the next bytes belong, for recvmsg(). Valid until the next call of another function.
  std::span<iovec> room();

  /// Takes in the first `bytes` bytes of room(). Calls `on_header(header)` for each header, when
  /// all that came before it is in logBytes(); false ends it, and nothing may follow.
  template <class OnHeader>
  bool received(size_t bytes, OnHeader&& on_header);

  /// What came and has not been dropped.
  std::string_view logBytes() const { return {buffer_.get(), filled_}; }
  void dropFront(size_t bytes);

 private:
  static constexpr size_t kHeadersMax = 16;

  void reserve(size_t bytes);
  void addRoom(char* at, size_t bytes);
  /// Moves log bytes behind those that are there, unless that is where they are.
  void append(std::string_view bytes);
  template <class OnHeader>
  bool take(std::string_view bytes, OnHeader& on_header);
  /// The bytes of room() behind `begin`, which turned out to belong elsewhere.
  std::string copyOf(size_t begin, size_t end) const;

  TransferReader reader_;
  int64_t piece_bytes_ = 0;  ///< Of the last piece: that of the next, too, it is assumed.
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  size_t filled_ = 0;

  std::array<std::array<char, kTransferHeaderBytes>, kHeadersMax> headers_{};
  std::vector<iovec> room_;
};

template <class OnHeader>
bool TransferBuffer::received(size_t bytes, OnHeader&& on_header) {
  size_t begin = 0;
  for (const iovec& part : room_) {
    const size_t end = std::min(begin + part.iov_len, bytes);
    if (begin >= end) {
      break;
    }
    const int64_t assumed = piece_bytes_;
    if (!take({static_cast<const char*>(part.iov_base), end - begin}, on_header)) {
      return false;
    }
    begin = end;
    if (piece_bytes_ != assumed) {
      return take(copyOf(begin, bytes), on_header);
    }
  }
  return true;
}

template <class OnHeader>
bool TransferBuffer::take(std::string_view bytes, OnHeader& on_header) {
  using Kind = TransferReader::Step::Kind;
  for (auto step = reader_.next(bytes); step.kind != Kind::kNone; step = reader_.next(bytes)) {
    if (step.kind == Kind::kLogBytes) {
      append(step.log_bytes);
    } else if (on_header(step.header)) {
      piece_bytes_ = step.header.bytes;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace rocketmq::broker

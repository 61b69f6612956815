#include "broker/ha/transfer_buffer.h"

#include <algorithm>
#include <cstring>

namespace rocketmq::broker {

std::span<iovec> TransferBuffer::room() {
  reserve(filled_ + kReadBytes);
  room_.clear();
  size_t at = filled_;
  const size_t end = filled_ + kReadBytes;
  int64_t piece = reader_.logBytesLeft();
  size_t header_bytes = reader_.headerBytesLeft();
  for (auto header = headers_.begin(); at < end; ++header) {
    const auto log_bytes = static_cast<size_t>(
        std::min<int64_t>(std::max<int64_t>(piece, 0), static_cast<int64_t>(end - at)));
    addRoom(buffer_.get() + at, log_bytes);
    at += log_bytes;
    if (static_cast<int64_t>(log_bytes) < piece || header == headers_.end()) {
      break;
    }
    addRoom(header->data(), header_bytes);
    header_bytes = kTransferHeaderBytes;
    piece = piece_bytes_;
    if (piece <= 0) {
      break;
    }
  }
  return room_;
}

void TransferBuffer::addRoom(char* at, size_t bytes) {
  if (bytes > 0) {
    room_.push_back({.iov_base = at, .iov_len = bytes});
  }
}

void TransferBuffer::reserve(size_t bytes) {
  if (bytes <= capacity_) {
    return;
  }
  const size_t capacity = std::max(bytes, 2 * capacity_);
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  std::copy_n(buffer_.get(), filled_, larger.get());
  buffer_ = std::move(larger);
  capacity_ = capacity;
}

void TransferBuffer::append(std::string_view bytes) {
  if (bytes.data() != buffer_.get() + filled_) {
    reserve(filled_ + bytes.size());
    std::memcpy(buffer_.get() + filled_, bytes.data(), bytes.size());
  }
  filled_ += bytes.size();
}

std::string TransferBuffer::copyOf(size_t begin, size_t end) const {
  std::string copy;
  size_t part_begin = 0;
  for (const iovec& part : room_) {
    const size_t part_end = part_begin + part.iov_len;
    if (const size_t from = std::max(begin, part_begin), to = std::min(end, part_end); from < to) {
      copy.append(static_cast<const char*>(part.iov_base) + (from - part_begin), to - from);
    }
    part_begin = part_end;
  }
  return copy;
}

void TransferBuffer::dropFront(size_t bytes) {
  filled_ -= bytes;
  std::memmove(buffer_.get(), buffer_.get() + bytes, filled_);
}

}  // namespace rocketmq::broker

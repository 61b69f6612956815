#include "remoting/partial_frame.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "common/check.h"

namespace rocketmq::remoting {
namespace {

/// A peer's word is good for this much.
constexpr size_t kTrustedBytes = 16u << 10;

}  // namespace

void PartialFrame::assign(std::string_view bytes, size_t expected_bytes) {
  size_ = 0;
  reserve(std::max(bytes.size(), std::min(expected_bytes, kTrustedBytes)));
  std::memcpy(bytes_.get(), bytes.data(), bytes.size());
  size_ = bytes.size();
}

std::span<char> PartialFrame::room(size_t expected_bytes) {
  ROCKETMQ_CHECK(size_ < expected_bytes);
  if (capacity_ == size_) {
    reserve(std::min(expected_bytes, std::max(kTrustedBytes, 2 * size_)));
  }
  return {bytes_.get() + size_, std::min(capacity_, expected_bytes) - size_};
}

void PartialFrame::consume(size_t bytes) {
  size_ -= std::min(bytes, size_);
  if (size_ == 0) {
    clear();
    return;
  }
  std::memmove(bytes_.get(), bytes_.get() + bytes, size_);
}

void PartialFrame::clear() {
  bytes_.reset();
  size_ = 0;
  capacity_ = 0;
}

PartialFrame PartialFrame::take() {
  PartialFrame taken = std::move(*this);
  clear();
  return taken;
}

void PartialFrame::reserve(size_t capacity) {
  if (capacity <= capacity_) {
    return;
  }
  void* const moved = std::realloc(bytes_.get(), capacity);
  if (moved == nullptr) {
    throw std::bad_alloc();
  }
  static_cast<void>(bytes_.release());
  bytes_.reset(static_cast<char*>(moved));
  capacity_ = capacity;
}

}  // namespace rocketmq::remoting

#include "remoting/write_queue.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "remoting/spare_text.h"

namespace rocketmq::remoting {
namespace {

/// Copying so few bytes costs less than a piece of their own in the gather write.
constexpr size_t kCopyBytesMax = 1024;
/// A collecting buffer is closed at this size: glibc's allocator tidies up whenever a piece of 64
/// KiB is freed, which costs more than the shorter gather write saves.
constexpr size_t kTextBytesMax = 32u << 10;
/// A text that has become longer is not kept: its last piece may have been large.
constexpr size_t kKeptBytesMax = 2 * kTextBytesMax;
/// A queue that was this long once gives its memory back when it is empty.
constexpr size_t kKeptPiecesMax = 256;

}  // namespace

void WriteQueue::add(OutgoingFrame frame) {
  addText(std::move(frame.head));
  for (Payload::Slice& slice : frame.body.slices()) {
    if (slice.bytes.size() <= kCopyBytesMax) {
      copy(slice.bytes);
    } else {
      pieces_.push_back({{}, slice.bytes, std::move(slice.owner)});
    }
  }
}

void WriteQueue::addText(std::string text) {
  if (text.size() <= kCopyBytesMax && openText() != nullptr) {
    copy(text);
    giveSpareText(std::move(text));
  } else if (!text.empty()) {
    pieces_.push_back({std::move(text), {}, nullptr});
  }
}

void WriteQueue::copy(std::string_view bytes) {
  if (std::string* const text = openText()) {
    text->append(bytes);
  } else if (!bytes.empty()) {
    const bool follows_full_text = !empty() && pieces_.back().isText();
    std::string& text_of_piece = pieces_.emplace_back().text;
    if (follows_full_text) {
      text_of_piece.reserve(kTextBytesMax + kCopyBytesMax);
    }
    text_of_piece = bytes;
  }
}

std::string* WriteQueue::openText() {
  if (!empty() && pieces_.back().isText() && pieces_.back().text.size() < kTextBytesMax) {
    return &pieces_.back().text;
  }
  if (memory_.capacity() <= kCopyBytesMax) {
    return nullptr;
  }
  pieces_.push_back({std::exchange(memory_, {}), {}, nullptr});
  return &pieces_.back().text;
}

void WriteQueue::release(std::string text) {
  if (keeps_memory_ && text.capacity() > memory_.capacity() && text.capacity() <= kKeptBytesMax) {
    memory_ = std::move(text);
    memory_.clear();
  } else {
    giveSpareText(std::move(text));
  }
}

void WriteQueue::take(WriteQueue& other) {
  if (empty()) {
    pieces_.swap(other.pieces_);
  } else {
    std::move(other.pieces_.begin(), other.pieces_.end(), std::back_inserter(pieces_));
  }
  other.clear();
  if (memory_.capacity() > other.memory_.capacity()) {
    memory_.swap(other.memory_);
  }
}

size_t WriteQueue::gather(std::span<iovec> out) const {
  const size_t count = std::min(out.size(), pieces_.size() - first_);
  for (size_t i = 0; i < count; ++i) {
    std::string_view bytes = pieces_[first_ + i].bytes();
    if (i == 0) {
      bytes.remove_prefix(written_bytes_);
    }
    out[i] = {const_cast<char*>(bytes.data()), bytes.size()};
  }
  return count;
}

void WriteQueue::consume(size_t bytes) {
  written_bytes_ += bytes;
  while (!empty() && written_bytes_ >= pieces_[first_].bytes().size()) {
    written_bytes_ -= pieces_[first_].bytes().size();
    release(std::move(pieces_[first_].text));
    pieces_[first_] = {};
    ++first_;
  }
  if (empty()) {
    clear();
  } else if (first_ >= kKeptPiecesMax && first_ > pieces_.size() / 2) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
}

void WriteQueue::clear() {
  pieces_.clear();
  if (pieces_.capacity() > kKeptPiecesMax) {
    pieces_.shrink_to_fit();
  }
  first_ = 0;
  written_bytes_ = 0;
}

}  // namespace rocketmq::remoting

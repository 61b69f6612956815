#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "remoting/payload.h"

namespace rocketmq::remoting {

/// Frames on their way out, as the pieces of a gather write. Small pieces are collected in one
/// buffer; big slices stay where they are, kept alive by their owners until they have left.
class WriteQueue {
 public:
  /// `keeps_memory`: the buffer of small pieces is used again instead of being given back, up to
  /// some 32 KiB while nothing is queued.
  explicit WriteQueue(bool keeps_memory = false) : keeps_memory_(keeps_memory) {}

  void add(OutgoingFrame frame);

  /// Adds everything that `other` holds and of which nothing has been written, and leaves it the
  /// memory that this queue has to spare.
  void take(WriteQueue& other);

  bool empty() const { return first_ == pieces_.size(); }

  /// Fills `out` with the next pieces and returns how many there are.
  size_t gather(std::span<iovec> out) const;

  /// The first `bytes` bytes have been written; owners of slices that have left are released.
  void consume(size_t bytes);

  void clear();

 private:
  /// Either a text of our own, or a slice that its owner keeps valid (none for static bytes).
  struct Piece {
    std::string text;
    std::string_view slice;
    std::shared_ptr<const void> owner;

    bool isText() const { return slice.data() == nullptr; }
    std::string_view bytes() const { return isText() ? std::string_view(text) : slice; }
  };

  void addText(std::string text);
  void copy(std::string_view bytes);
  /// The text that small pieces are appended to, or null when a new one is due.
  std::string* openText();
  void release(std::string text);

  const bool keeps_memory_;
  std::string memory_;  ///< For the next text; empty.
  std::vector<Piece> pieces_;
  size_t first_ = 0;          // Pieces before it have left.
  size_t written_bytes_ = 0;  // Of pieces_[first_].
};

}  // namespace rocketmq::remoting

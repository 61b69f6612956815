#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>

namespace rocketmq::remoting {

/// The received bytes that are not handled yet: usually the beginning of a frame whose rest is
/// still under way. Empty it owns no memory; otherwise its room grows with the bytes that have
/// really arrived, never on the word of a length field alone.
class PartialFrame {
 public:
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  char* data() { return bytes_.get(); }
  std::string_view view() const { return {bytes_.get(), size_}; }

  /// Replaces the content. `expected_bytes`: the size that it will have when it is complete, as far
  /// as that is known.
  void assign(std::string_view bytes, size_t expected_bytes);

  /// Room behind the content for more of `expected_bytes` in all; at least one byte, often all that
  /// is missing. Precondition: size() < expected_bytes.
  std::span<char> room(size_t expected_bytes);

  /// `bytes` bytes have been written into room().
  void grow(size_t bytes) { size_ += bytes; }

  /// Drops the first bytes and moves the rest to the front. Nothing is left to drop after take().
  void consume(size_t bytes);

  /// Forgets the content and frees the memory.
  void clear();

  /// Gives the content away without copying it, and is empty then.
  PartialFrame take();

 private:
  void reserve(size_t capacity);

  struct Free {
    void operator()(char* bytes) const { std::free(bytes); }
  };

  // Memory of malloc(), because realloc() moves the pages of a big block instead of copying.
  std::unique_ptr<char, Free> bytes_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace rocketmq::remoting
